{{ rebuild_by('person', person_id='customer_id') }}

{%- set customer = 'identity_space, customer_id' %}

with purchases as (

    select
        identity_space,
        person_id as customer_id,
        purchased_at,
        true as is_completed
    from {{ ref('fct_purchases') }}
    where person_id is not null

    union all

    select
        identity_space,
        customer_id,
        ordered_at as purchased_at,
        false as is_completed
    from {{ ref('fct_orders') }}
    where customer_id is not null
        and not is_completed

),

orders as (

    select
        {{ customer }},
        count(*) as orders,
        cast(sum(case when is_completed then 1 else 0 end) as bigint) as completed_orders,
        min(case when is_completed then purchased_at end) as first_order_at,
        max(case when is_completed then purchased_at end) as last_order_at
    from purchases
    where {{ rebuilt() }}
    group by {{ customer }}

),

people as (

    select
        identity_space,
        person_id as customer_id,
        first_event_at,
        last_event_at,
        events
    from {{ ref('int_person_days') }}

),

seen as (

    -- All users of the shop are its customers, elsewhere those who bought.
    select
        {{ customer }},
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        cast(sum(events) as bigint) as events
    from people
    where {{ rebuilt() }}
        and (identity_space = 'shop' or (identity_space, customer_id) in (select {{ customer }} from orders))
    group by {{ customer }}

),

described as (

    select 'shop' as identity_space, customer_id, customer_email, country
    from {{ ref('customer_history') }}
    where is_current

)

select
    {{ surrogate_key(['seen.identity_space', 'seen.customer_id']) }} as customer_key,
    seen.identity_space,
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
left join described
    on seen.identity_space = described.identity_space
    and seen.customer_id = described.customer_id
left join orders
    on seen.identity_space = orders.identity_space
    and seen.customer_id = orders.customer_id
