{%- set windows = {'week': var('wau_days'), 'month': var('mau_days')} %}
{%- set slice = 'identity_space, device_platform, app_id' %}

with spaced as (

    select
        event_date,
        {{ slice }},
        previous_date,
        next_date,
        {{ days_between('previous_date', 'event_date') }} as days_since_previous,
        {{ days_between('event_date', 'next_date') }} as days_to_next,
        count(*) as people
    from {{ ref('int_active_dates') }}
    group by event_date, {{ slice }}, previous_date, next_date

),

changes as (

    -- A person enters the window of n days on an active date and leaves it after n days without another one. So the
    -- people in a window are a running sum of those who enter minus those who leave.
    select
        event_date,
        {{ slice }},
        people as active,
        case when previous_date is null then people else 0 end as newcomers,
        case when days_since_previous > {{ windows.month }} then people else 0 end as resurrected,
        0 as churned,
        case when previous_date is null or days_since_previous > {{ windows.week }} then people else 0 end as week_change
    from spaced

    union all

    select
        {{ days_after('event_date', windows.month) }} as event_date,
        {{ slice }},
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
        {{ slice }},
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
        {{ slice }},
        cast(sum(active) as bigint) as active,
        cast(sum(newcomers) as bigint) as newcomers,
        cast(sum(resurrected) as bigint) as resurrected,
        cast(sum(churned) as bigint) as churned,
        cast(sum(week_change) as bigint) as week_change
    from changes
    group by event_date, {{ slice }}

),

with_all_spaces as (

    select * from changed_days

    union all

    -- People of different spaces are different people, so their numbers add up.
    select
        event_date,
        'all' as identity_space,
        device_platform,
        app_id,
        cast(sum(active) as bigint) as active,
        cast(sum(newcomers) as bigint) as newcomers,
        cast(sum(resurrected) as bigint) as resurrected,
        cast(sum(churned) as bigint) as churned,
        cast(sum(week_change) as bigint) as week_change
    from changed_days
    group by event_date, device_platform, app_id

),

slices as (

    select 'all' as identity_space, 'all' as device_platform, 'all' as app_id
    union
    select {{ slice }} from with_all_spaces

),

every_day as (

    select days.event_date, slices.identity_space, slices.device_platform, slices.app_id
    from {{ ref('int_days') }} as days
    cross join slices

),

counted as (

    select
        every_day.event_date,
        every_day.identity_space,
        every_day.device_platform,
        every_day.app_id,
        coalesce(changed.active, 0) as dau,
        coalesce(changed.newcomers, 0) as new_users,
        coalesce(changed.resurrected, 0) as resurrected_users,
        coalesce(changed.churned, 0) as churned_users,
        cast(sum(coalesce(changed.week_change, 0)) over (
            partition by every_day.identity_space, every_day.device_platform, every_day.app_id
            order by every_day.event_date rows unbounded preceding
        ) as bigint) as wau,
        cast(sum(
            coalesce(changed.newcomers, 0) + coalesce(changed.resurrected, 0) - coalesce(changed.churned, 0)
        ) over (
            partition by every_day.identity_space, every_day.device_platform, every_day.app_id
            order by every_day.event_date rows unbounded preceding
        ) as bigint) as mau
    from every_day
    left join with_all_spaces as changed
        on every_day.event_date = changed.event_date
        and every_day.identity_space = changed.identity_space
        and every_day.device_platform = changed.device_platform
        and every_day.app_id = changed.app_id

)

select
    event_date,
    {{ slice }},
    dau,
    wau,
    mau,
    {{ ratio('dau', 'mau') }} as dau_mau_ratio,
    new_users,
    dau - new_users - resurrected_users as returning_users,
    resurrected_users,
    churned_users
from counted
