with items as (

    select * from {{ ref('fct_order_items') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

products as (

    select * from {{ ref('dim_products') }}

)

select
    items.order_item_key,
    items.order_id,
    items.line_number,
    items.ordered_at,
    items.ordered_date,
    orders.order_status,
    items.is_completed,
    items.product_id,
    coalesce(items.product_name, products.product_name) as product_name,
    coalesce(items.product_category, products.product_category) as product_category,
    items.currency,
    items.unit_price,
    items.quantity,
    items.line_total,
    items.revenue,
    items.customer_id,
    orders.country,
    orders.channel,
    orders.device_platform,
    orders.is_first_order
from items
inner join orders on items.order_id = orders.order_id
left join products
    on items.identity_space = products.identity_space
    and items.product_id = products.product_id
