{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'event_date': 'cast(event_timestamp as date)'},
) }}

select
    event_id,
    user_id,
    event_name,
    {{ utc_timestamp('event_at') }} as event_timestamp
from {{ ref('stg_mobile') }}
{% if is_incremental() %}
where {{ in_event_dates('event_date', 'event_at') }}
{% endif %}
