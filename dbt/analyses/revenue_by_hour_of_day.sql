-- At which hours of the day (UTC) people buy, over all days.
select
    extract(hour from hour_at) as hour_of_day,
    currency,
    sum(transactions) as transactions,
    sum(revenue) as revenue
from {{ ref('hourly_revenue') }}
group by extract(hour from hour_at), currency
order by hour_of_day, currency
