{{ rebuild_by('person') }}

{#-
    A chain is a first step and, for each next step, the earliest event that can continue it: an earlier event never
    reaches less than a later one. That event must not come before the chain's last event (events of the same moment
    have no order). It must come after the last event of the same name that the chain has used. Each step finds the next
    event of all chains at once: it sorts chains and events together and takes the minimum of the events that follow.
-#}
{%- set person = 'funnel, identity_space, person_id' %}
{%- set slice = 'funnel_date, channel, device_platform' %}
{%- set window_us = var('funnel_window_days') * 86400 * 1000000 %}
{%- set last = var('funnel_max_steps') %}
{%- set later_steps = range(2, last + 1) | list %}

with steps as (

    select
        funnel,
        step,
        event_name,
        max(step) over (
            partition by funnel, event_name order by step rows between unbounded preceding and 1 preceding
        ) as step_of_same_name,
        count(*) over (partition by funnel, event_name) as steps_of_name
    from {{ ref('funnels') }}

),

events as (

    select * from {{ ref('int_funnel_events') }}
    where {{ rebuilt() }}

),

found_1 as (

    select
        events.funnel,
        events.identity_space,
        events.person_id,
        events.event_date as funnel_date,
        events.channel,
        events.device_platform,
        events.event_us as started_us,
        events.place as place_1,
        events.place_of_tie as tie
    from events
    inner join steps
        on events.funnel = steps.funnel
        and events.event_name = steps.event_name
    where steps.step = 1
        -- Of equal events in a row only the last begins a chain: it reaches everything that the others reach, in less
        -- time. An event that shares its moment with others may reach more, so it is kept.
        and not (events.is_repeated and events.place = events.place_of_tie and steps.steps_of_name = 1)

),

{% for step in later_steps %}
{%- set before = range(1, step) | list %}
looking_{{ step }} as (

    select
        {% for column in (person ~ ', ' ~ slice ~ ', started_us').split(', ') %}found.{{ column }}, {% endfor %}
        {% for number in before %}found.place_{{ number }}, {% endfor %}
        {% for number in before[1:] %}found.us_{{ number }}, {% endfor %}
        greatest(
            found.tie,
            case steps.step_of_same_name
                {% for number in before %}when {{ number }} then found.place_{{ number }} + 1 {% endfor %}
                else 1
            end
        ) as place,
        cast(null as bigint) as event_place,
        cast(null as bigint) as event_tie,
        cast(null as bigint) as event_us
    from found_{{ step - 1 }} as found
    inner join steps
        on found.funnel = steps.funnel
    where steps.step = {{ step }}
        and found.place_{{ step - 1 }} is not null

    union all

    select
        {% for column in person.split(', ') %}events.{{ column }}, {% endfor %}
        null, null, null, null, {% for _ in before %}null, {% endfor %}{% for _ in before[1:] %}null, {% endfor %}
        events.place,
        events.place,
        events.place_of_tie,
        events.event_us
    from events
    inner join steps
        on events.funnel = steps.funnel
        and events.event_name = steps.event_name
    where steps.step = {{ step }}

),

ahead_{{ step }} as (

    select
        looking.*,
        {% for column in ['event_place', 'event_tie', 'event_us'] -%}
        min({{ column }}) over (
            partition by {{ person }}
            order by place, case when event_place is null then 0 else 1 end
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
        {% for number in before %}place_{{ number }}, {% endfor %}
        {% for number in before[1:] %}us_{{ number }}, {% endfor %}
        next_event_tie as tie,
        case when next_event_us - started_us <= {{ window_us }} then next_event_place end as place_{{ step }},
        case when next_event_us - started_us <= {{ window_us }} then next_event_us - started_us end as us_{{ step }}
    from ahead_{{ step }}
    where event_place is null

),
{% endfor %}

ended as (

    {#- Each chain appears once: at the first step that it does not reach, or at the last step of its funnel. -#}
    {% for step in [1] + later_steps %}
    select
        {% for column in (person ~ ', ' ~ slice).split(', ') %}found.{{ column }}, {% endfor %}
        {% for number in later_steps -%}
        {{ 'found.us_' ~ number if number <= step else 'cast(null as bigint)' }} as us_{{ number }}
        {{- ', ' if not loop.last }}
        {%- endfor %}
    from found_{{ step }} as found
    {% if step < last %}
    left join steps
        on found.funnel = steps.funnel
        and steps.step = {{ step + 1 }}
    where steps.step is null
        {{ 'or found.place_' ~ step ~ ' is null' if step > 1 }}
    {% endif %}
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
