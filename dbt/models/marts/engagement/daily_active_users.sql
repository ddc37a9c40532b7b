{%- set windows = {'week': var('wau_days'), 'month': var('mau_days')} %}

with spaced as (

    select
        event_date,
        device_platform,
        previous_date,
        next_date,
        {{ days_between('previous_date', 'event_date') }} as days_since_previous,
        {{ days_between('event_date', 'next_date') }} as days_to_next,
        count(*) as people
    from {{ ref('int_active_dates') }}
    group by event_date, device_platform, previous_date, next_date

),

changes as (

    -- A person enters the window of n days on an active date and leaves it after n days without another one. So the
    -- people in a window are a running sum of those who enter minus those who leave.
    select
        event_date,
        device_platform,
        people as active,
        case when previous_date is null then people else 0 end as newcomers,
        case when days_since_previous > {{ windows.month }} then people else 0 end as resurrected,
        0 as churned,
        case when previous_date is null or days_since_previous > {{ windows.week }} then people else 0 end as week_change
    from spaced

    union all

    select
        {{ days_after('event_date', windows.month) }} as event_date,
        device_platform,
        0 as active,
        0 as newcomers,
        0 as resurrected,
        people as churned,
        0 as week_change
    from spaced
    where next_date is null or days_to_next > {{ windows.month }}

    union all

    select
        {{ days_after('event_date', windows.week) }} as event_date,
        device_platform,
        0 as active,
        0 as newcomers,
        0 as resurrected,
        0 as churned,
        -people as week_change
    from spaced
    where next_date is null or days_to_next > {{ windows.week }}

),

changed_days as (

    select
        event_date,
        device_platform,
        cast(sum(active) as bigint) as active,
        cast(sum(newcomers) as bigint) as newcomers,
        cast(sum(resurrected) as bigint) as resurrected,
        cast(sum(churned) as bigint) as churned,
        cast(sum(week_change) as bigint) as week_change
    from changes
    group by event_date, device_platform

),

slices as (

    select 'all' as device_platform
    union
    select device_platform from spaced

),

every_day as (

    select days.event_date, slices.device_platform
    from {{ ref('int_days') }} as days
    cross join slices

),

counted as (

    select
        every_day.event_date,
        every_day.device_platform,
        coalesce(changed_days.active, 0) as dau,
        coalesce(changed_days.newcomers, 0) as new_users,
        coalesce(changed_days.resurrected, 0) as resurrected_users,
        coalesce(changed_days.churned, 0) as churned_users,
        cast(sum(coalesce(changed_days.week_change, 0)) over (
            partition by every_day.device_platform order by every_day.event_date rows unbounded preceding
        ) as bigint) as wau,
        cast(sum(
            coalesce(changed_days.newcomers, 0) + coalesce(changed_days.resurrected, 0) - coalesce(changed_days.churned, 0)
        ) over (
            partition by every_day.device_platform order by every_day.event_date rows unbounded preceding
        ) as bigint) as mau
    from every_day
    left join changed_days
        on every_day.event_date = changed_days.event_date
        and every_day.device_platform = changed_days.device_platform

)

select
    event_date,
    device_platform,
    dau,
    wau,
    mau,
    {{ ratio('dau', 'mau') }} as dau_mau_ratio,
    new_users,
    dau - new_users - resurrected_users as returning_users,
    resurrected_users,
    churned_users
from counted
