with orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

items as (

    select
        order_id,
        count(*) as lines,
        cast(sum(quantity) as bigint) as units
    from {{ ref('fct_order_items') }}
    group by order_id

)

select
    orders.order_id,
    orders.ordered_at,
    orders.ordered_date,
    orders.order_status,
    orders.is_completed,
    orders.currency,
    orders.order_total,
    orders.order_tax,
    orders.order_shipping,
    orders.revenue,
    orders.refunds,
    orders.net_revenue,
    orders.is_refunded,
    coalesce(items.lines, 0) as lines,
    coalesce(items.units, 0) as units,
    orders.session_id,
    orders.channel,
    orders.device_platform,
    orders.customer_id,
    orders.country,
    orders.is_first_order,
    orders.days_since_previous_order,
    customers.first_seen_at as customer_first_seen_at,
    customers.first_order_at as customer_first_order_at,
    customers.completed_orders as customer_completed_orders
from orders
left join customers
    on orders.identity_space = customers.identity_space
    and orders.customer_id = customers.customer_id
left join items on orders.order_id = items.order_id
