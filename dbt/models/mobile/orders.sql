{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'event_date': 'cast(created_at as date)'},
) }}

select
    order_id,
    user_id,
    order_type,
    status,
    payment_method,
    {{ utc_timestamp('event_at') }} as created_at
from {{ ref('stg_mobile') }}
where is_last_step
    and is_order
{% if is_incremental() %}
    and {{ in_event_dates('event_date', 'event_at') }}
{% endif %}
