-- Views, carts and purchases of each product, and the ratio of each to the one before.
select
    product_id,
    category,
    views,
    add_to_carts,
    purchases,
    view_to_cart_event_ratio,
    cart_to_purchase_event_ratio,
    view_to_purchase_event_ratio
from {{ ref('conversion_funnel') }}
order by purchases desc, product_id, category
