with people as (

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

    select funnel, identity_space, last_step, count(*) as users
    from people
    group by funnel, identity_space, last_step

),

spaces as (

    select distinct funnel, identity_space from leaving

),

steps as (

    select
        funnels.funnel,
        funnels.stream,
        coalesce(spaces.identity_space, 'none') as identity_space,
        funnels.step,
        funnels.event_name,
        coalesce(funnels.step_name, funnels.event_name) as step_name
    from {{ ref('funnels') }} as funnels
    left join spaces
        on funnels.funnel = spaces.funnel

),

counted as (

    select
        steps.funnel,
        steps.stream,
        steps.identity_space,
        steps.step,
        steps.event_name,
        steps.step_name,
        cast(coalesce(sum(leaving.users), 0) as bigint) as users
    from steps
    left join leaving
        on steps.funnel = leaving.funnel
        and steps.identity_space = leaving.identity_space
        and steps.step <= leaving.last_step
    group by steps.funnel, steps.stream, steps.identity_space, steps.step, steps.event_name, steps.step_name

),

compared as (

    select
        counted.*,
        lag(users) over (partition by funnel, identity_space order by step) as users_before,
        first_value(users) over (partition by funnel, identity_space order by step rows unbounded preceding)
            as users_at_first
    from counted

)

select
    funnel,
    stream,
    identity_space,
    step,
    event_name,
    step_name,
    users,
    coalesce(users_before, users) - users as drop_off,
    {{ ratio('users', 'coalesce(users_before, users)') }} as step_rate,
    {{ ratio('users', 'users_at_first') }} as overall_rate
from compared
