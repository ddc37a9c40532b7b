with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

purchases as (

    select
        identity_space,
        person_id,
        currency,
        count(*) as frequency,
        {{ shown_amount('sum(net_revenue)', 'currency') }} as monetary,
        min(purchased_at) as first_order_at,
        max(purchased_at) as last_order_at,
        max(purchased_date) as last_purchased_date
    from {{ ref('fct_purchases') }}
    where person_id is not null
        and not coalesce(is_refunded, false)
    group by identity_space, person_id, currency

),

measured as (

    select purchases.*, {{ days_between('purchases.last_purchased_date', 'as_of.as_of') }} as recency
    from purchases
    cross join as_of

),

placed as (

    select
        measured.*,
        {{ rfm_places('identity_space, currency') }}
    from measured

)

select
    identity_space,
    person_id,
    currency,
    recency,
    frequency,
    monetary,
    first_order_at,
    last_order_at,
    {{ rfm_scores() }}
from placed
