with steps as (

    select funnel, stream, step, event_name from {{ ref('funnels') }}

),

people as (

    select
        funnel,
        identity_space,
        person_id,
        max(
            case
                {%- for step in range(var('funnel_max_steps'), 1, -1) %}
                when microseconds_to_{{ step }} is not null then {{ step }}
                {%- endfor %}
                else 1
            end
        ) as last_step
    from {{ ref('int_funnel_reaches') }}
    group by funnel, identity_space, person_id

),

leaving as (

    select funnel, last_step, count(*) as users
    from people
    group by funnel, last_step

),

counted as (

    select steps.funnel, steps.stream, steps.step, steps.event_name, cast(coalesce(sum(leaving.users), 0) as bigint) as users
    from steps
    left join leaving
        on steps.funnel = leaving.funnel
        and steps.step <= leaving.last_step
    group by steps.funnel, steps.stream, steps.step, steps.event_name

),

compared as (

    select
        counted.*,
        lag(users) over (partition by funnel order by step) as users_before,
        first_value(users) over (partition by funnel order by step rows unbounded preceding) as users_at_first
    from counted

)

select
    funnel,
    stream,
    step,
    event_name,
    users,
    coalesce(users_before, users) - users as drop_off,
    {{ ratio('users', 'coalesce(users_before, users)') }} as step_rate,
    {{ ratio('users', 'users_at_first') }} as overall_rate
from compared
