{{ rebuild_by('person', person_id='coalesce(person_id, session_id)') }}

{%- set view = 'identity_space, view_id' %}
{%- set in_order = 'event_at, event_sequence, event_id' %}
{#- What the first event of a view says of it. -#}
{%- set columns = [
    'stream', 'app_id', 'device_platform', 'channel', 'page_host', 'page_path', 'page_query', 'page_title', 'referrer_host',
    'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'country', 'region', 'city', 'device',
    'browser', 'operating_system', 'language',
] %}

with events as (

    select * from {{ ref('fct_events') }}
    where (
        is_view and (view_id is not null or page_path is not null or page_title is not null)
        or heartbeat is not null
    )
        and {{ up_to_as_of() }}

),

resolved as (

    select
        events.identity_space,
        coalesce(events.view_id, events.event_id) as view_id,
        {{ stitched_id('events') }} as person_id,
        events.session_id,
        events.event_id,
        events.event_at,
        events.event_sequence,
        events.is_view,
        events.is_bot,
        events.heartbeat,
        events.seen_height,
        events.page_height,
        {% for column in columns -%}
        events.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from events
    {{ join_identities('events') }}

),

rebuilt_events as (

    select identity_space, view_id, session_id from resolved
    where {{ rebuilt() }}

),

in_their_sessions as (

    -- The index in the session counts the views of other people in it.
    select identity_space, view_id from resolved
    where {{ shares_key('identity_space, session_id', 'rebuilt_events') }}

),

touched as (

    select * from resolved
    where {{ shares_key(view, 'rebuilt_events') }}
        or {{ shares_key(view, 'in_their_sessions') }}

),

measured as (

    -- A page that is left open goes on pinging in later sessions; only pings of the view's own session count.
    select
        identity_space,
        view_id,
        session_id,
        sum(case when is_bot then 1 else 0 end) as bot_events,
        {{ engaged_seconds('heartbeat') }} as engaged_seconds,
        max(seen_height) as deepest,
        max(page_height) as height
    from touched
    group by {{ view }}, session_id

),

ranked as (

    select
        touched.*,
        row_number() over (partition by {{ view }} order by {{ in_order }}) as place,
        sum(case when is_bot then 1 else 0 end) over (partition by {{ view }}) as bot_views
    from touched
    where is_view

),

views as (

    select
        ranked.*,
        case
            when session_id is not null
                then row_number() over (partition by identity_space, session_id order by {{ in_order }})
        end as index_in_session
    from ranked
    where place = 1

),

described as (

    select views.*, measured.bot_events, measured.engaged_seconds, measured.deepest, measured.height
    from views
    inner join measured
        on views.identity_space = measured.identity_space
        and views.view_id = measured.view_id
        and coalesce(views.session_id, '') = coalesce(measured.session_id, '')

)

select
    identity_space,
    view_id,
    person_id,
    session_id,
    case when session_id is not null then {{ given_session_key() }} end as session_key,
    index_in_session,
    event_at as viewed_at,
    {{ utc_date('event_at') }} as viewed_date,
    {{ page() }} as page,
    {% for column in columns -%}
    {{ column }},
    {% endfor -%}
    cast(engaged_seconds as bigint) as engaged_seconds,
    -- Not least(), which ignores a null in some warehouses only.
    {{ ratio('case when deepest > height then height else deepest end', 'height') }} as scroll_depth,
    bot_views + bot_events > 0 as is_bot
from described
where {{ rebuilt() }}
