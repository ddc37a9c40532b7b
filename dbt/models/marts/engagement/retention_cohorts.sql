{#- Of each period: how long it is shown, and when its n-th after a cohort starts, given the cohort's start. -#}
{%- set periods = {
    'day': var('retention_days'),
    'week': var('retention_weeks'),
    'month': var('retention_months'),
} %}

with person_dates as (

    select distinct identity_space, person_id, event_date
    from {{ ref('int_person_days') }}

),

dated as (

    select
        person_dates.*,
        min(event_date) over (partition by identity_space, person_id) as first_date
    from person_dates

),

activity as (

    {% for period in periods %}
    select {{ 'distinct' if period != 'day' }}
        '{{ period }}' as cohort_period,
        cast({{ dbt.date_trunc(period, 'first_date') }} as date) as cohort_date,
        identity_space,
        person_id,
        cast({{ dbt.datediff(dbt.date_trunc(period, 'first_date'), dbt.date_trunc(period, 'event_date'), period) }} as bigint)
            as period_number
    from dated
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

bounded as (

    select cohort_period, cohort_date, period_number, count(*) as users
    from activity
    group by cohort_period, cohort_date, period_number

),

last_seen as (

    select cohort_period, cohort_date, identity_space, person_id, max(period_number) as last_period
    from activity
    group by cohort_period, cohort_date, identity_space, person_id

),

leaving as (

    select cohort_period, cohort_date, last_period, count(*) as users
    from last_seen
    group by cohort_period, cohort_date, last_period

),

cohorts as (

    select cohort_period, cohort_date, cast(sum(users) as bigint) as cohort_users
    from leaving
    group by cohort_period, cohort_date

),

numbers as (

    select numbers.n as period_number
    from ({{ numbers(periods.values() | max + 1) }}) as numbers

),

points as (

    {% for period, shown in periods.items() %}
    select
        cohorts.*,
        cast(numbers.period_number as bigint) as period_number,
        cast({{ dbt.dateadd(period, '(numbers.period_number + 1)', 'cohorts.cohort_date') }} as date) as next_period_date
    from cohorts
    cross join numbers
    where cohorts.cohort_period = '{{ period }}'
        and numbers.period_number <= {{ shown }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

left_before as (

    select points.cohort_period, points.cohort_date, points.period_number, cast(sum(leaving.users) as bigint) as users
    from points
    inner join leaving
        on points.cohort_period = leaving.cohort_period
        and points.cohort_date = leaving.cohort_date
        and points.period_number > leaving.last_period
    group by points.cohort_period, points.cohort_date, points.period_number

),

counted as (

    select
        points.cohort_period,
        points.cohort_date,
        points.period_number,
        points.cohort_users,
        -- A period is over when its last day lies before the as-of date.
        case when points.next_period_date <= as_of.as_of then coalesce(bounded.users, 0) end as retained_users,
        case
            when points.next_period_date <= as_of.as_of then points.cohort_users - coalesce(left_before.users, 0)
        end as retained_users_unbounded
    from points
    cross join {{ ref('int_as_of') }} as as_of
    left join bounded
        on points.cohort_period = bounded.cohort_period
        and points.cohort_date = bounded.cohort_date
        and points.period_number = bounded.period_number
    left join left_before
        on points.cohort_period = left_before.cohort_period
        and points.cohort_date = left_before.cohort_date
        and points.period_number = left_before.period_number

)

select
    cohort_period,
    cohort_date,
    period_number,
    cohort_users,
    retained_users,
    {{ ratio('retained_users', 'cohort_users') }} as retention_rate,
    retained_users_unbounded,
    {{ ratio('retained_users_unbounded', 'cohort_users') }} as retention_rate_unbounded
from counted
