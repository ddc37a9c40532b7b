{%- set dimensions = {'all': "'all'", 'channel': 'channel', 'device_platform': 'device_platform'} %}
{%- set later_steps = range(2, var('funnel_max_steps') + 1) | list %}

with reaches as (

    select * from {{ ref('int_funnel_reaches') }}

),

people as (

    -- In `all`, and per channel or device, a person counts once, by the quickest way.
    {% for dimension, value in dimensions.items() %}
    select
        funnel,
        identity_space,
        funnel_date,
        '{{ dimension }}' as dimension,
        {{ value }} as dimension_value,
        {% for step in later_steps -%}
        min(microseconds_to_{{ step }}) as microseconds_to_{{ step }}{{ ',' if not loop.last }}
        {% endfor %}
    from reaches
    group by funnel, funnel_date, {{ value ~ ', ' if not loop.first }}identity_space, person_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

slices as (

    select
        funnel,
        identity_space,
        funnel_date,
        dimension,
        dimension_value,
        count(*) as users_at_1,
        cast(0 as bigint) as microseconds_to_1,
        {% for step in later_steps -%}
        count(microseconds_to_{{ step }}) as users_at_{{ step }},
        sum(microseconds_to_{{ step }}) as microseconds_to_{{ step }}{{ ',' if not loop.last }}
        {% endfor %}
    from people
    group by funnel, identity_space, funnel_date, dimension, dimension_value

),

costs as (

    -- Amounts of several currencies have no sum, so a channel that cost them on one date shows none.
    select
        date,
        channel,
        min(currency) as currency,
        {{ shown_amount('sum(cost)', 'min(currency)') }} as cost
    from {{ ref('campaign_costs') }}
    group by date, channel
    having min(currency) = max(currency)

),

windows as (

    select funnel, coalesce(max(window_days), {{ var('funnel_window_days') }}) as window_days
    from {{ ref('funnels') }}
    group by funnel

),

counted as (

    select
        slices.funnel,
        steps.stream,
        slices.identity_space,
        slices.funnel_date,
        slices.dimension,
        slices.dimension_value,
        steps.step,
        steps.event_name,
        coalesce(steps.step_name, steps.event_name) as step_name,
        windows.window_days,
        {% for column in ['users_at', 'microseconds_to'] -%}
        case steps.step
            {% for step in [1] + later_steps %}when {{ step }} then slices.{{ column }}_{{ step }} {% endfor %}
        end as {{ column }},
        {% endfor -%}
        case steps.step
            {% for step in later_steps %}when {{ step }} then slices.users_at_{{ step - 1 }} {% endfor %}
            else slices.users_at_1
        end as users_before,
        slices.users_at_1 as users_at_first
    from slices
    inner join {{ ref('funnels') }} as steps
        on slices.funnel = steps.funnel
    inner join windows
        on slices.funnel = windows.funnel

)

select
    funnel,
    stream,
    identity_space,
    funnel_date,
    {{ days_after('funnel_date', 'window_days') }} < as_of.as_of as is_window_over,
    dimension,
    dimension_value,
    step,
    event_name,
    step_name,
    users_at as users,
    users_before - users_at as drop_off,
    {{ ratio('users_at', 'users_before') }} as step_rate,
    {{ ratio('users_at', 'users_at_first') }} as overall_rate,
    {{ ratio('microseconds_to', 'users_at * 1000000') }} as average_seconds,
    costs.cost,
    costs.currency as cost_currency,
    {{ ratio('costs.cost', 'users_at') }} as cost_per_user
from counted
cross join {{ ref('int_as_of') }} as as_of
left join costs
    on counted.dimension = 'channel'
    and counted.dimension_value = costs.channel
    and counted.funnel_date = costs.date
