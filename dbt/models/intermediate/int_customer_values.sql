with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

purchases as (

    select
        identity_space,
        person_id,
        currency,
        count(*) as frequency,
        {{ shown_amount('sum(value)', 'currency') }} as monetary,
        min(purchased_at) as first_order_at,
        max(purchased_at) as last_order_at,
        max(purchased_date) as last_purchased_date
    from {{ ref('int_purchases') }}
    where person_id is not null
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
        cume_dist() over (partition by identity_space, currency order by recency desc) as recency_place,
        cume_dist() over (partition by identity_space, currency order by frequency) as frequency_place,
        cume_dist() over (
            partition by identity_space, currency, case when monetary is null then 0 else 1 end order by monetary
        ) as monetary_place
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
    {{ rfm_score('recency_place') }} as recency_score,
    {{ rfm_score('frequency_place') }} as frequency_score,
    case when monetary is not null then {{ rfm_score('monetary_place') }} end as monetary_score
from placed
