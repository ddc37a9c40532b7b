{#-
    A query of the pieces of sessions in `events`, rows of fct_events. A piece has the events of one date, user id,
    anonymous id and session id. Without a session id it also ends at a gap longer than var('session_gap_seconds').
-#}
{% macro session_pieces(events) -%}
{%- set actor = 'event_date, identity_space, user_id, anonymous_id, session_id' -%}
{%- set in_order = 'event_at, event_sequence, event_id' -%}
{%- set details = session_details() -%}
{%- set steps = range(1, var('journey_steps') + 1) | list -%}
with spaced as (

    select
        {{ events }}.*,
        lag(event_at) over (partition by {{ actor }} order by {{ in_order }}) as previous_event_at,
        lag(event_name) over (partition by {{ actor }} order by {{ in_order }}) as previous_event_name
    from {{ events }}

),

marked as (

    select
        spaced.*,
        coalesce(
            session_id is null
            and {{ is_later_by_more_than('previous_event_at', 'event_at', var('session_gap_seconds')) }},
            false
        ) as starts_run
    from spaced

),

numbered as (

    select
        marked.*,
        sum(case when starts_run then 1 else 0 end)
            over (partition by {{ actor }} order by {{ in_order }} rows unbounded preceding) as run_number,
        case when starts_run or previous_event_name is null or event_name <> previous_event_name then 1 else 0 end
            as is_step
    from marked

),

described as (

    select
        numbered.*,
        sum(is_step) over (partition by {{ actor }}, run_number order by {{ in_order }} rows unbounded preceding)
            as step
    from numbered

),

grouped as (

    select
        event_date,
        identity_space,
        user_id,
        anonymous_id,
        session_id,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        count(*) as events,
        cast(sum(case when is_view then 1 else 0 end) as bigint) as views,
        count(distinct case when is_conversion then {{ order_or_event_id() }} end) as conversions,
        sum(case when is_bot then 1 else 0 end) > 0 as is_bot,
        {{ earliest('channel', 'event_at') }} as channel,
        min(case when channel is not null then event_at end) as channel_at,
        {{ earliest('device_platform', 'event_at') }} as device_platform,
        min(case when device_platform is not null then event_at end) as device_platform_at,
        {% for column, value in details.items() -%}
        {{ latest(value, 'event_at') if column == 'last_page' else earliest(value, 'event_at') }} as {{ column }},
        {% endfor -%}
        {% for number in steps -%}
        max(case when step = {{ number }} then event_name end) as step_{{ number }}{{ ',' if not loop.last }}
        {% endfor %}
    from described
    group by {{ actor }}, run_number

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    session_id,
    first_event_at,
    last_event_at,
    events,
    views,
    conversions,
    is_bot,
    channel,
    channel_at,
    device_platform,
    device_platform_at,
    {% for column in details -%}
    {{ column }},
    {% endfor -%}
    step_1 as first_step,
    coalesce({% for number in steps | reverse %}step_{{ number }}{{ ', ' if not loop.last }}{% endfor %}) as last_step,
    step_1{% for number in steps[1:] %} || coalesce(' > ' || step_{{ number }}, ''){% endfor %} as journey
from grouped
{%- endmacro %}


{#- The last moment that a session with an id may have; what comes later is not in it. -#}
{% macro session_cut_at(started_at) -%}
    {{ dbt.dateadd('day', var('session_max_days'), started_at) }}
{%- endmacro %}


{#- The key of a session by its id. -#}
{% macro given_session_key() -%}
    {{ surrogate_key(["'given'", 'identity_space', 'session_id']) }}
{%- endmacro %}


{#-
    What the events of a session say of it beside their channel and device platform: columns of sessions and their
    pieces, with the expression over an event. The earliest known value counts; of `last_page`, the latest.
-#}
{% macro session_details() %}
    {{ return({
        'first_page': page(),
        'last_page': page(),
        'landing_host': 'page_host',
        'landing_path': 'page_path',
        'app_id': 'app_id',
        'country': 'country',
        'region': 'region',
        'city': 'city',
        'device': 'device',
        'browser': 'browser',
        'operating_system': 'operating_system',
        'language': 'language',
    }) }}
{% endmacro %}


{#- The page or screen of an event. -#}
{% macro page() %}
    {{ return('coalesce(page_host || page_path, page_path, page_title)') }}
{% endmacro %}


{#- The columns of session_pieces(). -#}
{% macro piece_columns() %}
    {{ return([
        'event_date', 'identity_space', 'user_id', 'anonymous_id', 'session_id', 'first_event_at', 'last_event_at',
        'events', 'views', 'conversions', 'is_bot', 'channel', 'channel_at', 'device_platform', 'device_platform_at',
    ] + (session_details() | list) + ['first_step', 'last_step', 'journey']) }}
{% endmacro %}
