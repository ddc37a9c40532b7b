{{ rebuild_by('person', person_id='customer_id') }}

with orders as (

    select * from {{ ref('fct_orders') }}
    where {{ rebuilt() }}

),

items as (

    select * from {{ ref('int_event_items') }}
    where is_sale
        and {{ up_to_as_of() }}
        and (stream, order_id) in (select stream, order_id from orders)

),

ranked as (

    select
        items.*,
        -- The lines of the order's latest event with items have rank 1.
        rank() over (partition by order_id order by event_at desc, event_id desc) as event_rank
    from items

)

select
    {{ surrogate_key(['ranked.order_id', 'ranked.line_number']) }} as order_item_key,
    ranked.order_id,
    ranked.line_number,
    orders.customer_id,
    orders.ordered_at,
    orders.ordered_date,
    orders.is_completed,
    ranked.product_id,
    ranked.product_name,
    ranked.product_category,
    ranked.currency,
    ranked.unit_price,
    ranked.quantity,
    ranked.line_total,
    case when orders.is_completed then ranked.line_total else cast(0 as decimal(38,6)) end as revenue,
    orders.stream,
    orders.identity_space
from ranked
inner join orders on ranked.order_id = orders.order_id
where ranked.event_rank = 1
