with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

orders as (

    select * from {{ ref('fct_orders') }}
    where is_completed
        and customer_id is not null

),

customers as (

    select customer_id, count(*) as customer_orders, max(ordered_date) as last_ordered_date
    from orders
    group by customer_id

),

purchases as (

    select
        customer_id,
        currency,
        count(*) as frequency,
        {{ shown_amount('coalesce(sum(order_total), 0)', 'currency') }} as monetary,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        max(ordered_date) as last_ordered_date
    from orders
    group by customer_id, currency

),

measured as (

    select
        purchases.*,
        as_of.as_of,
        customers.customer_orders,
        {{ days_between('purchases.last_ordered_date', 'as_of.as_of') }} as recency,
        {{ days_between('customers.last_ordered_date', 'as_of.as_of') }} as customer_recency
    from purchases
    inner join customers on purchases.customer_id = customers.customer_id
    cross join as_of

),

placed as (

    select
        measured.*,
        {{ rfm_places('currency') }}
    from measured

),

scored as (

    select
        placed.*,
        {{ rfm_scores() }},
        {{ recency_tier('recency') }} as recency_tier,
        {{ frequency_tier('frequency') }} as frequency_tier,
        {{ monetary_tier('monetary') }} as monetary_tier
    from placed

)

select
    {{ surrogate_key(['customer_id', 'currency']) }} as customer_currency_key,
    customer_id,
    currency,
    as_of,
    recency,
    frequency,
    monetary,
    monetary as lifetime_value,
    first_order_at,
    last_order_at,
    recency_score,
    frequency_score,
    monetary_score,
    recency_tier,
    frequency_tier,
    monetary_tier,
    {{ rfm_tier('recency', 'frequency', 'monetary') }} as rfm_tier,
    customer_orders,
    {{ customer_segment('customer_orders') }} as segment,
    {{ is_active_customer('customer_recency') }} as is_active
from scored
