{{ rebuild_by('person') }}

{%- set person = 'funnel, identity_space, person_id' %}
{%- set in_order = 'event_us, event_sequence, event_date, event_id' %}
{%- set numbers = range(1, var('funnel_max_steps') + 1) | list %}

with events as (

    select * from {{ ref('fct_events') }}
    where (user_id is not null or anonymous_id is not null)
        and {{ is_counted() }}
        and {{ up_to_as_of() }}

),

funnels as (

    -- An event name may be several steps of a funnel; its events still count once.
    select
        funnel,
        stream,
        event_name,
        {% for number in numbers -%}
        max(case when step = {{ number }} then 1 else 0 end) as is_step_{{ number }},
        max(case when step = {{ number }} then condition_column end) as column_{{ number }},
        max(case when step = {{ number }} then condition_value end) as value_{{ number }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('funnels') }}
    group by funnel, stream, event_name

),

resolved as (

    select
        funnels.funnel,
        events.identity_space,
        {{ stitched_id('events') }} as person_id,
        {% for number in numbers -%}
        case
            when funnels.is_step_{{ number }} = 1
                and {{ fulfils_condition('events', 'funnels.column_' ~ number, 'funnels.value_' ~ number) }}
                then {{ 2 ** (number - 1) }}
            else 0
        end{{ ' + ' if not loop.last }}
        {%- endfor %} as steps,
        events.event_id,
        events.event_date,
        events.event_sequence,
        coalesce(events.channel, 'unknown') as channel,
        coalesce(events.device_platform, 'unknown') as device_platform,
        {{ epoch_microseconds('events.event_at') }} as event_us
    from events
    inner join funnels
        on events.stream = funnels.stream
        and events.event_name = funnels.event_name
    {{ join_identities('events') }}

),

placed as (

    select
        resolved.*,
        row_number() over (partition by {{ person }} order by {{ in_order }}) as place,
        rank() over (partition by {{ person }} order by event_us, event_sequence) as place_of_tie,
        {%- for columns in [['event_us', 'event_sequence'], ['steps', 'event_date', 'channel', 'device_platform']] %}
        coalesce(
            {%- for column in columns %}
            {{ column }} = lead({{ column }}) over (partition by {{ person }} order by {{ in_order }})
            {{- ' and' if not loop.last else ',' }}
            {%- endfor %}
            false
        ) as {{ 'is_tied_with_next' if loop.first else 'is_repeated' }}{{ ',' if not loop.last }}
        {%- endfor %}
    from resolved
    where steps > 0
        and {{ rebuilt() }}

)

select
    funnel,
    identity_space,
    person_id,
    steps,
    event_date,
    channel,
    device_platform,
    event_us,
    place,
    place_of_tie,
    is_tied_with_next or place > place_of_tie as is_tied,
    is_repeated
from placed
