with movements as (

    select
        purchased_date as revenue_date,
        stream,
        identity_space,
        currency,
        1 as purchases,
        gross_revenue,
        0 as refunded,
        cast(0 as decimal(38,6)) as refunds
    from {{ ref('fct_purchases') }}

    union all

    select
        refunded_date as revenue_date,
        stream,
        identity_space,
        currency,
        0 as purchases,
        cast(0 as decimal(38,6)) as gross_revenue,
        1 as refunded,
        refund_value as refunds
    from {{ ref('fct_refunds') }}

)

select
    revenue_date,
    stream,
    identity_space,
    currency,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(refunded) as bigint) as refund_count,
    {{ shown_amount('sum(gross_revenue)', 'currency') }} as gross_revenue,
    {{ shown_amount('sum(refunds)', 'currency') }} as refunds,
    {{ shown_amount('sum(gross_revenue) - sum(refunds)', 'currency') }} as net_revenue
from movements
group by revenue_date, stream, identity_space, currency
