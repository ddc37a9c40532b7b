-- depends_on: {{ ref('int_touched_people') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_people',
    on_schema_change='fail',
    meta={'identity_space': "'shop'", 'person': 'customer_id'},
    post_hook='{{ note_code() }}',
) }}

{%- set newest_first = 'event_at desc, event_id desc' %}

with seen as (

    -- The shop's users are its customers.
    select
        user_id as customer_id,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        cast(sum(events) as bigint) as events
    from {{ ref('int_user_days') }}
    where identity_space = 'shop'
        and user_id is not null
        and {{ up_to_as_of() }}
    {% if is_incremental() %}
        and {{ is_touched_person('identity_space', 'user_id') }}
    {% endif %}
    group by user_id

),

told as (

    select
        customer_id,
        {{ first_known('customer_email', 'customer_id', newest_first) }} as last_customer_email,
        {{ first_known('country', 'customer_id', newest_first) }} as last_country
    from {{ ref('int_customer_events') }}
    where {{ up_to_as_of() }}
    {% if is_incremental() %}
        and {{ is_touched_person("'shop'", 'customer_id') }}
    {% endif %}

),

described as (

    select customer_id, max(last_customer_email) as customer_email, max(last_country) as country
    from told
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
    {% if is_incremental() %}
        and {{ is_touched_person("'shop'", 'customer_id') }}
    {% endif %}
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
