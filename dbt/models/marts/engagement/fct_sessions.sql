{{ rebuild_by('person', person_id='coalesce(person_id, session_id)') }}

{%- set session_columns = [
    'identity_space', 'person_id', 'session_id', 'started_at', 'ended_at', 'events', 'events_after_cut', 'views',
    'conversions', 'is_bot', 'channel', 'device_platform', 'journey',
] %}
{#- Those of session_details() that a view has by another name. -#}
{%- set view_columns = {'first_page': 'page', 'landing_host': 'page_host', 'landing_path': 'page_path'} %}
{#- What only a view says of its session. -#}
{%- set campaign_columns = [
    'referrer_host', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content',
] %}
{%- set is_engaged %}
    {{- is_later_by_more_than('started_at', 'ended_at', var('engaged_seconds')) }}
        or views >= {{ var('engaged_views') }}
        or conversions > 0
{%- endset %}

with sessions as (

    select * from {{ ref('int_sessions') }}
    where {{ rebuilt() }}

),

page_views as (

    select page_views.*
    from {{ ref('fct_page_views') }} as page_views
    inner join sessions
        on page_views.identity_space = sessions.identity_space
        and page_views.session_id = sessions.session_id
        and page_views.viewed_at <= {{ session_cut_at('sessions.started_at') }}

),

counted as (

    select
        identity_space,
        session_id,
        count(*) as page_views,
        cast(sum(engaged_seconds) as bigint) as engaged_seconds
    from page_views
    group by identity_space, session_id

),

source_categories as (

    select * from {{ ref('source_categories') }}

),

described as (

    select
        {% for column in session_columns -%}
        sessions.{{ column }},
        {% endfor -%}
        {% for column in session_details() -%}
        case
            when counted.page_views is null then sessions.{{ column }}
            else {{ 'last_views.page' if column == 'last_page' else 'first_views.' ~ view_columns.get(column, column) }}
        end as {{ column }},
        {% endfor -%}
        first_views.page_query as landing_query,
        {% for column in campaign_columns -%}
        first_views.{{ column }},
        {% endfor -%}
        counted.page_views,
        counted.engaged_seconds,
        source_categories.category as source_category
    from sessions
    left join counted
        on sessions.identity_space = counted.identity_space
        and sessions.session_id = counted.session_id
    left join page_views as first_views
        on sessions.identity_space = first_views.identity_space
        and sessions.session_id = first_views.session_id
        and first_views.index_in_session = 1
    left join page_views as last_views
        on counted.identity_space = last_views.identity_space
        and counted.session_id = last_views.session_id
        and counted.page_views = last_views.index_in_session
    left join source_categories
        on lower(coalesce(first_views.utm_source, sessions.channel)) = source_categories.source

)

select
    case
        when session_id is not null then {{ given_session_key() }}
        else {{ surrogate_key(["'gap'", 'identity_space', 'person_id', epoch_microseconds('started_at')]) }}
    end as session_key,
    identity_space,
    person_id,
    session_id,
    case when session_id is not null then 'given' else 'gap' end as session_source,
    started_at,
    ended_at,
    {{ utc_date('started_at') }} as session_date,
    {{ whole_seconds_between('started_at', 'ended_at') }} as duration_seconds,
    events,
    events_after_cut > 0 as is_cut,
    events_after_cut,
    views,
    page_views,
    engaged_seconds,
    conversions,
    conversions > 0 as is_converted,
    {{ is_engaged }} as is_engaged,
    views > 0 and not ({{ is_engaged }}) as is_bounce,
    is_bot,
    channel,
    {{ channel_group(
        'lower(coalesce(utm_source, channel))', 'lower(coalesce(utm_medium, channel))', 'lower(utm_campaign)',
        'source_category'
    ) }} as channel_group,
    device_platform,
    {% for column in (session_details() | list) + ['landing_query'] + campaign_columns -%}
    {{ column }},
    {% endfor -%}
    journey
from described
