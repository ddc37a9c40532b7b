{%- set cohort = 'identity_space, currency, cohort_month' %}
{%- set month_of = "cast(" ~ dbt.date_trunc('month', 'purchased_date') ~ " as date)" %}

with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

numbered as (

    select
        purchases.*,
        {{ month_of }} as purchase_month,
        row_number() over (
            partition by identity_space, currency, person_id
            order by purchased_at, stream, purchase_id
        ) as number_of_purchase
    from {{ ref('fct_purchases') }} as purchases
    where person_id is not null
        and not coalesce(is_refunded, false)

),

buyers as (

    select
        identity_space,
        currency,
        person_id,
        min(purchase_month) as cohort_month,
        {{ days_between(
            'max(case when number_of_purchase = 1 then purchased_date end)',
            'max(case when number_of_purchase = 2 then purchased_date end)',
        ) }} as days_to_second
    from numbered
    group by identity_space, currency, person_id

),

cohorts as (

    select
        {{ cohort }},
        count(*) as customers,
        cast(sum(case when days_to_second is not null then 1 else 0 end) as bigint) as repeat_customers,
        cast(sum(days_to_second) as bigint) as days_to_second
    from buyers
    group by {{ cohort }}

),

bought as (

    select
        numbered.*,
        buyers.cohort_month,
        cast({{ dbt.datediff('buyers.cohort_month', 'numbered.purchase_month', 'month') }} as bigint) as month_number
    from numbered
    inner join buyers
        on numbered.identity_space = buyers.identity_space
        and coalesce(numbered.currency, '') = coalesce(buyers.currency, '')
        and numbered.person_id = buyers.person_id

),

months as (

    select
        {{ cohort }},
        month_number,
        count(distinct person_id) as buyers,
        count(*) as purchases,
        cast(sum(net_revenue) as decimal(38,6)) as net_revenue
    from bought
    group by {{ cohort }}, month_number

),

places as (

    -- Each cohort has a row for its month and each later one up to the as-of date.
    select
        cohorts.*,
        cast(numbers.n as bigint) as month_number,
        cast({{ dbt.dateadd('month', 'numbers.n', 'cohorts.cohort_month') }} as date) as revenue_month
    from cohorts
    cross join as_of
    cross join ({{ numbers(var('cohort_months') + 1) }}) as numbers
    where cast({{ dbt.dateadd('month', 'numbers.n', 'cohorts.cohort_month') }} as date) <= as_of.as_of

),

filled as (

    select
        places.*,
        coalesce(months.buyers, 0) as buyers,
        coalesce(months.purchases, 0) as purchases,
        months.net_revenue,
        cast({{ dbt.dateadd('month', '1', 'places.revenue_month') }} as date) <= as_of.as_of as is_over
    from places
    cross join as_of
    left join months
        on places.identity_space = months.identity_space
        and coalesce(places.currency, '') = coalesce(months.currency, '')
        and places.cohort_month = months.cohort_month
        and places.month_number = months.month_number

),

summed as (

    select
        filled.*,
        cast(
            sum(net_revenue) over (partition by {{ cohort }} order by month_number rows unbounded preceding) as decimal(38,6)
        ) as revenue_so_far
    from filled

)

select
    identity_space,
    currency,
    cohort_month,
    month_number,
    customers,
    repeat_customers,
    {{ ratio('repeat_customers', 'customers') }} as repeat_purchase_rate,
    {{ ratio('days_to_second', 'repeat_customers') }} as average_days_to_second,
    case when is_over then buyers end as buyers,
    case when is_over then {{ ratio('buyers', 'customers') }} end as buyer_share,
    case when is_over then purchases end as purchases,
    case
        when not is_over then null
        -- A month without a purchase has no revenue; of others it may be unknown.
        when purchases = 0 and revenue_so_far is not null then cast(0 as decimal(38,6))
        else {{ shown_amount('net_revenue', 'currency') }}
    end as net_revenue,
    case when is_over then {{ shown_amount('revenue_so_far', 'currency') }} end as revenue_so_far,
    case when is_over then {{ ratio('revenue_so_far', 'customers') }} end as lifetime_value
from summed
