{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    database=var('web_database'),
    schema=var('web_schema'),
    alias=var('web_table'),
    meta={'event_date': 'cast(occurred_at as date)'},
) }}

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
{% if is_incremental() %}
where {{ in_event_dates('event_date', 'event_at') }}
{% endif %}
