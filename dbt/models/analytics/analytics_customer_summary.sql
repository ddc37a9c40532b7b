{%- set customer = 'identity_space, person_id' %}

with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

values_by_currency as (

    select
        customer_values.*,
        cast(sum(frequency) over (partition by {{ customer }}) as bigint) as customer_orders,
        min(recency) over (partition by {{ customer }}) as customer_recency,
        {{ recency_tier('recency') }} as recency_tier,
        {{ frequency_tier('frequency') }} as frequency_tier,
        {{ monetary_tier('monetary') }} as monetary_tier
    from {{ ref('int_customer_values') }} as customer_values

)

select
    {{ surrogate_key(['identity_space', 'person_id', 'currency']) }} as customer_currency_key,
    identity_space,
    person_id as customer_id,
    currency,
    as_of.as_of,
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
from values_by_currency
cross join as_of
