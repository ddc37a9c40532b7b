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
        cast({{ dbt.datediff('purchases.last_ordered_date', 'as_of.as_of', 'day') }} as bigint) as recency,
        cast({{ dbt.datediff('customers.last_ordered_date', 'as_of.as_of', 'day') }} as bigint) as customer_recency
    from purchases
    inner join customers on purchases.customer_id = customers.customer_id
    cross join as_of

),

placed as (

    select
        measured.*,
        cume_dist() over (partition by currency order by recency desc) as recency_place,
        cume_dist() over (partition by currency order by frequency) as frequency_place,
        cume_dist() over (partition by currency order by monetary) as monetary_place
    from measured

),

scored as (

    select
        placed.*,
        {{ rfm_score('recency_place') }} as recency_score,
        {{ rfm_score('frequency_place') }} as frequency_score,
        {{ rfm_score('monetary_place') }} as monetary_score,
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
    recency_tier || '-' || frequency_tier || '-' || monetary_tier as rfm_tier,
    customer_orders,
    {{ customer_segment('customer_orders') }} as segment,
    customer_recency <= {{ var('active_days') }} as is_active
from scored
