{#- How many periods of each kind are shown. -#}
{%- set periods = {
    'day': var('retention_days'),
    'week': var('retention_weeks'),
    'month': var('retention_months'),
} %}

with dated as (

    select identity_space, event_date, first_date, previous_date, next_date is null as is_last, count(*) as people
    from {{ ref('int_active_dates') }}
    where device_platform = 'all'
        and app_id = 'all'
    group by identity_space, event_date, first_date, previous_date, next_date is null

),

activity as (

    {% for period in periods %}
    {%- set cohort, current = dbt.date_trunc(period, 'first_date'), dbt.date_trunc(period, 'event_date') %}
    select
        identity_space,
        '{{ period }}' as cohort_period,
        cast({{ cohort }} as date) as cohort_date,
        cast({{ dbt.datediff(cohort, current, period) }} as bigint) as period_number,
        -- Only a person's first date in a period counts.
        case when previous_date is null or {{ dbt.date_trunc(period, 'previous_date') }} < {{ current }} then people else 0 end
            as users,
        case when is_last then people else 0 end as leaving_users
    from dated
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

bounded as (

    -- People of different spaces are different people, so their numbers add up in `all`.
    {% for space in ["'all'", 'identity_space'] %}
    select
        {{ space }} as identity_space,
        cohort_period,
        cohort_date,
        period_number,
        cast(sum(users) as bigint) as users,
        cast(sum(leaving_users) as bigint) as leaving_users
    from activity
    group by {{ 'identity_space, ' if not loop.first }}cohort_period, cohort_date, period_number
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

cohorts as (

    select identity_space, cohort_period, cohort_date, cast(sum(leaving_users) as bigint) as cohort_users
    from bounded
    group by identity_space, cohort_period, cohort_date

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

    select
        points.identity_space,
        points.cohort_period,
        points.cohort_date,
        points.period_number,
        cast(sum(bounded.leaving_users) as bigint) as users
    from points
    inner join bounded
        on points.identity_space = bounded.identity_space
        and points.cohort_period = bounded.cohort_period
        and points.cohort_date = bounded.cohort_date
        and points.period_number > bounded.period_number
    group by points.identity_space, points.cohort_period, points.cohort_date, points.period_number

),

counted as (

    select
        points.identity_space,
        points.cohort_period,
        points.cohort_date,
        points.period_number,
        points.cohort_users,
        -- A period is over when its last day is before the as-of date.
        case when points.next_period_date <= as_of.as_of then coalesce(bounded.users, 0) end as retained_users,
        case
            when points.next_period_date <= as_of.as_of then points.cohort_users - coalesce(left_before.users, 0)
        end as retained_users_unbounded
    from points
    cross join {{ ref('int_as_of') }} as as_of
    left join bounded
        on points.identity_space = bounded.identity_space
        and points.cohort_period = bounded.cohort_period
        and points.cohort_date = bounded.cohort_date
        and points.period_number = bounded.period_number
    left join left_before
        on points.identity_space = left_before.identity_space
        and points.cohort_period = left_before.cohort_period
        and points.cohort_date = left_before.cohort_date
        and points.period_number = left_before.period_number

)

select
    identity_space,
    cohort_period,
    cohort_date,
    period_number,
    cohort_users,
    retained_users,
    {{ ratio('retained_users', 'cohort_users') }} as retention_rate,
    retained_users_unbounded,
    {{ ratio('retained_users_unbounded', 'cohort_users') }} as retention_rate_unbounded
from counted
