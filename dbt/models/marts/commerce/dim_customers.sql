with days as (

    select * from {{ ref('int_customer_days') }}
    where {{ up_to_as_of() }}

),

described as (

    select
        days.*,
        {{ first_known('customer_email', 'customer_id', 'event_date desc') }} as last_customer_email,
        {{ first_known('country', 'customer_id', 'event_date desc') }} as last_country
    from days

),

customers as (

    select
        customer_id,
        max(last_customer_email) as customer_email,
        max(last_country) as country,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        cast(sum(events) as bigint) as events
    from described
    group by customer_id

),

orders as (

    select
        customer_id,
        count(*) as orders,
        cast(sum(case when is_completed then 1 else 0 end) as bigint) as completed_orders,
        min(case when is_completed then ordered_at end) as first_order_at,
        max(case when is_completed then ordered_at end) as last_order_at
    from {{ ref('fct_orders') }}
    where customer_id is not null
    group by customer_id

)

select
    customers.customer_id,
    customers.customer_email,
    customers.country,
    customers.first_seen_at,
    customers.last_seen_at,
    customers.events,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.completed_orders, 0) as completed_orders,
    orders.first_order_at,
    orders.last_order_at
from customers
left join orders on customers.customer_id = orders.customer_id
