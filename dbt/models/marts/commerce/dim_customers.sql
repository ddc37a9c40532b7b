{{ rebuild_by('person', identity_space="'shop'", person_id='customer_id') }}

with days as (

    -- Customers are the users of the shop.
    select user_id as customer_id, first_event_at, last_event_at, events
    from {{ ref('int_user_days') }}
    where identity_space = 'shop'
        and user_id is not null
        and {{ up_to_as_of() }}

),

seen as (

    select
        customer_id,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        cast(sum(events) as bigint) as events
    from days
    where {{ rebuilt() }}
    group by customer_id

),

described as (

    select customer_id, customer_email, country
    from {{ ref('customer_history') }}
    where is_current
        and {{ rebuilt() }}

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
        and {{ rebuilt() }}
    group by customer_id

)

select
    seen.customer_id,
    described.customer_email,
    described.country,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.events,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.completed_orders, 0) as completed_orders,
    orders.first_order_at,
    orders.last_order_at
from seen
left join described on seen.customer_id = described.customer_id
left join orders on seen.customer_id = orders.customer_id
