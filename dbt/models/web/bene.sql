{{ config(database=var('web_database'), schema=var('web_schema'), alias=var('web_table')) }}
{{ rebuild_by('date', event_date='cast(occurred_at as date)') }}

select
    user_id,
    event_name as event_type,
    description,
    entity_type,
    entity_id,
    session_id,
    {{ json_object(['device', 'browser', 'platform']) }} as props,
    {{ utc_timestamp('event_at') }} as occurred_at,
    username
from {{ ref('stg_web') }}
where {{ rebuilt() }}
