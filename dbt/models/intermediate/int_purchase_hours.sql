{{ rebuild_by('date') }}

with purchases as (

    select
        event_date,
        cast({{ dbt.date_trunc('hour', 'event_at') }} as timestamptz) as hour_at,
        currency,
        {{ order_or_event_id() }} as transaction_id,
        quantity,
        conversion_value
    from {{ ref('stg_clickstream') }}
    where is_conversion
        and {{ rebuilt() }}

)

select
    event_date,
    hour_at,
    currency,
    count(distinct transaction_id) as transactions,
    cast(sum(quantity) as bigint) as units_sold,
    cast(sum(conversion_value) as decimal(38,6)) as revenue
from purchases
group by event_date, hour_at, currency
