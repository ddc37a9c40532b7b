-- depends_on: {{ ref('int_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'stream': "'commerce'", 'event_id': 'event_id'}},
) }}

with events as (

    select * from {{ ref('stg_commerce') }}
    where is_order_event
    {% if is_incremental() %}
        and {{ in_touched(is_gained(), timestamp_column='event_at') }}
    {% endif %}

)

select
    event_id,
    event_name,
    event_at,
    event_date,
    order_id,
    user_id as customer_id,
    session_id,
    channel,
    device_platform,
    country,
    order_status,
    currency,
    order_total,
    order_tax,
    order_shipping,
    order_outcome as outcome
from events
