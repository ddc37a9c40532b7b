{{ rebuild_by('person') }}

{#-
    A chain is a first step and, for each next step, the earliest moment at which it can be reached: an earlier moment
    never reaches less than a later one. Events of one moment have no order, and an event serves one step only. So a chain
    that comes to a moment for a step goes on there as far as the moment reaches: to the last step for which all steps
    from its own have an event each. They have one if, of these steps, any n are served by n or more events (Hall's
    theorem). The next moment must come later. Each step finds it for all chains at once: it sorts chains and events
    together and takes the minimum of the events that follow. A moment is known by its first event's place. The minimum is
    of moment * (funnel_max_steps + 1) + reach, so that it brings the reach along.
-#}
{%- set person = 'funnel, identity_space, person_id' %}
{%- set slice = 'funnel_date, channel, device_platform' %}
{%- set last = var('funnel_max_steps') %}
{%- set later_steps = range(2, last + 1) | list %}

with funnels as (

    select
        funnel,
        max(step) as last_step,
        cast(coalesce(max(window_days), {{ var('funnel_window_days') }}) as bigint) * 86400 * 1000000 as window_us
    from {{ ref('funnels') }}
    group by funnel

),

events as (

    select * from {{ ref('int_funnel_events') }}
    where {{ rebuilt() }}

),

tied_events as (

    select {{ person }}, place_of_tie as moment, event_us, steps, count(*) as events
    from events
    where is_tied
    group by {{ person }}, place_of_tie, event_us, steps

),

served as (

    select
        {% for column in (person ~ ', moment').split(', ') %}tied_events.{{ column }}, {% endfor %}
        tied_events.event_us,
        sets.steps,
        sets.size,
        sets.first_step,
        sets.last_step,
        cast(sum(
            case when {{ have_common_step('tied_events.steps', 'sets.steps') }} then tied_events.events else 0 end
        ) as bigint) as events
    from tied_events
    cross join ({{ sets_of_steps() }}) as sets
    group by
        {% for column in (person ~ ', moment').split(', ') %}tied_events.{{ column }}, {% endfor %}
        tied_events.event_us, sets.steps, sets.size, sets.first_step, sets.last_step

),

tied_moments as (

    select
        {{ person }},
        moment,
        event_us,
        {% for step in later_steps -%}
        coalesce(min(case when events < size and first_step >= {{ step }} then last_step end) - 1, {{ last }})
            as reach_{{ step }}{{ ',' if not loop.last }}
        {% endfor %}
    from served
    group by {{ person }}, moment, event_us

),

tied_starts as (

    -- What a first step reaches in its own moment, by the events beside it.
    select
        {% for column in (person ~ ', moment, steps').split(', ') %}started.{{ column }}, {% endfor %}
        coalesce(
            min(
                case
                    when served.first_step >= 2
                        and served.events < served.size
                            + case when {{ have_common_step('started.steps', 'served.steps') }} then 1 else 0 end
                        then served.last_step
                end
            ) - 1,
            {{ last }}
        ) as reach
    from tied_events as started
    inner join served
        on started.funnel = served.funnel
        and started.identity_space = served.identity_space
        and started.person_id = served.person_id
        and started.moment = served.moment
    where {{ has_step('started.steps', 1) }}
    group by
        {% for column in (person ~ ', moment, steps').split(', ') %}started.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

),

starts as (

    select events.*, 1 as reach
    from events
    where not is_tied

    union all

    select events.*, tied_starts.reach
    from events
    inner join tied_starts
        on events.funnel = tied_starts.funnel
        and events.identity_space = tied_starts.identity_space
        and events.person_id = tied_starts.person_id
        and events.place_of_tie = tied_starts.moment
        and events.steps = tied_starts.steps
    where events.is_tied

),

found_1 as (

    select
        {% for column in person.split(', ') %}starts.{{ column }}, {% endfor %}
        starts.event_date as funnel_date,
        starts.channel,
        starts.device_platform,
        starts.event_us as started_us,
        funnels.last_step,
        funnels.window_us,
        cast(0 as bigint) as us_1,
        starts.place_of_tie as moment,
        starts.reach
    from starts
    inner join funnels
        on starts.funnel = funnels.funnel
    where {{ has_step('starts.steps', 1) }}
        -- Of equal events in a row only the last begins a chain: it reaches everything that the others reach, in less
        -- time. An event that may be another step, or shares its moment with events before it, may reach more.
        and not (starts.is_repeated and starts.place = starts.place_of_tie and starts.steps = 1)

),

{% for step in later_steps %}
{%- set times = ['us_1'] %}
{%- for number in range(2, step) %}{% do times.append('us_' ~ number) %}{% endfor %}
looking_{{ step }} as (

    select
        {{ person }}, {{ slice }}, started_us, last_step, window_us, {{ times | join(', ') }}, moment, reach,
        cast(null as bigint) as moment_and_reach,
        cast(null as bigint) as event_us
    from found_{{ step - 1 }}
    where last_step >= {{ step }}
        and us_{{ step - 1 }} is not null

    {% for rows, moment, reach, condition in [
        ('events', 'place_of_tie', step, 'not is_tied and ' ~ has_step('steps', step)),
        ('tied_moments', 'moment', 'reach_' ~ step, 'reach_' ~ step ~ ' >= ' ~ step),
    ] %}
    union all

    select
        {{ person }}, null, null, null, null, null, null, {% for _ in times %}null, {% endfor %}{{ moment }}, null,
        {{ moment }} * {{ last + 1 }} + {{ reach }},
        event_us
    from {{ rows }}
    where {{ condition }}
    {% endfor %}

),

ahead_{{ step }} as (

    select
        looking.*,
        {% for column in ['moment_and_reach', 'event_us'] -%}
        min({{ column }}) over (
            partition by {{ person }}
            order by moment, case when started_us is null then 0 else 1 end
            rows between current row and unbounded following
        ) as next_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from looking_{{ step }} as looking

),

found_{{ step }} as (

    select
        {{ person }},
        {{ slice }},
        started_us,
        last_step,
        window_us,
        {{ times | join(', ') }},
        case
            when reach >= {{ step }} then us_{{ step - 1 }}
            when next_event_us - started_us <= window_us then next_event_us - started_us
        end as us_{{ step }},
        case
            when reach >= {{ step }} then moment
            else cast(floor(next_moment_and_reach / {{ last + 1 }}) as bigint)
        end as moment,
        case when reach >= {{ step }} then reach else mod(next_moment_and_reach, {{ last + 1 }}) end as reach
    from ahead_{{ step }}
    where started_us is not null

),
{% endfor %}

ended as (

    {#- Each chain appears once: at the first step that it does not reach, or at the last step of its funnel. -#}
    {% for step in [1] + later_steps %}
    select
        {{ person }},
        {{ slice }},
        {% for number in later_steps -%}
        {{ 'us_' ~ number if number <= step else 'cast(null as bigint)' }} as us_{{ number }}
        {{- ', ' if not loop.last }}
        {%- endfor %}
    from found_{{ step }}
    {{ 'where last_step = ' ~ step ~ ' or us_' ~ step ~ ' is null' if step < last }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ person }},
    {{ slice }},
    {% for number in later_steps -%}
    min(us_{{ number }}) as microseconds_to_{{ number }}{{ ',' if not loop.last }}
    {% endfor %}
from ended
group by {{ person }}, {{ slice }}
