{{ rebuild_by('event') }}

with events as (

    select * from {{ ref('stg_commerce') }}
    where is_order_event
        and {{ rebuilt() }}

)

select
    stream,
    identity_space,
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
    order_outcome as outcome,
    is_only_refund,
    is_refund,
    refund_value
from events
