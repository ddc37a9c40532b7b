{{ rebuild_by('date') }}

with events as (

    select
        event_date,
        stream,
        identity_space,
        session_id,
        event_at,
        action = 'add_to_cart' as is_cart,
        action = 'checkout_step' as is_checkout,
        is_conversion or (is_order_event and not is_refund) as is_purchase
    from {{ ref('fct_events') }}
    where session_id is not null
        and (action in ('add_to_cart', 'checkout_step') or is_conversion or is_order_event)
        and {{ is_counted() }}
        and {{ rebuilt() }}

)

select
    event_date,
    stream,
    identity_space,
    session_id,
    min(case when is_cart then event_at end) as first_cart_at,
    min(case when is_checkout then event_at end) as first_checkout_at,
    max(case when is_purchase then event_at end) as last_purchase_at
from events
group by event_date, stream, identity_space, session_id
