with purchases as (

    select
        user_id,
        created_at,
        cast({{ dbt.date_trunc('hour', 'created_at') }} as timestamp) as hour_at,
        cast({{ dbt.date_trunc('day', 'created_at') }} as timestamp) as daily
    from {{ ref('mobile_orders') }}
    where status = 'COMPLETED'
        and {{ up_to_as_of('cast(created_at as date)') }}

),

hours as (

    select user_id, daily, hour_at, count(*) as hourly_purchase_count, max(created_at) as last_purchase_at
    from purchases
    group by user_id, daily, hour_at

),

days as (

    select user_id, daily, count(*) as daily_purchase_count
    from purchases
    group by user_id, daily

),

candidates as (

    -- The sixty minutes before an hour's last purchase lie in that hour and the hour before.
    select user_id, hour_at, created_at from purchases
    union all
    select user_id, cast({{ dbt.dateadd('hour', 1, 'hour_at') }} as timestamp) as hour_at, created_at from purchases

),

recent as (

    select hours.user_id, hours.hour_at, count(*) as purchases_last_60m
    from hours
    inner join candidates
        on hours.user_id = candidates.user_id
        and hours.hour_at = candidates.hour_at
        and candidates.created_at <= hours.last_purchase_at
        and candidates.created_at > {{ dbt.dateadd('minute', -60, 'hours.last_purchase_at') }}
    group by hours.user_id, hours.hour_at

)

select
    hours.user_id,
    hours.hour_at,
    hours.daily,
    hours.hourly_purchase_count,
    days.daily_purchase_count,
    recent.purchases_last_60m
from hours
inner join days
    on hours.user_id = days.user_id
    and hours.daily = days.daily
inner join recent
    on hours.user_id = recent.user_id
    and hours.hour_at = recent.hour_at
