{{ rebuild_by('event') }}

select
    stream,
    identity_space,
    event_id,
    event_at,
    event_date,
    event_sequence,
    user_id,
    anonymous_id,
    order_id,
    {{ order_or_event_id() }} as purchase_id,
    is_conversion,
    conversion_value,
    currency,
    is_order_line,
    is_refund,
    refund_value
from {{ ref('fct_events') }}
where (is_conversion or is_refund)
    -- Orders may be reversed later; fct_orders follows that.
    and not is_order_event
    and {{ is_counted() }}
    and {{ rebuilt() }}
