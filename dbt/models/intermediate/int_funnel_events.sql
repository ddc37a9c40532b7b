{{ rebuild_by('person') }}

{%- set person = 'funnel, identity_space, person_id' %}
{%- set in_order = 'event_us, event_sequence, event_date, event_id' %}

with events as (

    select * from {{ ref('fct_events') }}
    where (user_id is not null or anonymous_id is not null)
        and {{ is_counted() }}
        and {{ up_to_as_of() }}

),

funnels as (

    -- An event name may be several steps of a funnel; its events still count once.
    select distinct funnel, stream, event_name from {{ ref('funnels') }}

),

resolved as (

    select
        funnels.funnel,
        events.identity_space,
        {{ stitched_id('events') }} as person_id,
        events.event_name,
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

)

select
    funnel,
    identity_space,
    person_id,
    event_name,
    event_date,
    channel,
    device_platform,
    event_us,
    row_number() over (partition by {{ person }} order by {{ in_order }}) as place,
    rank() over (partition by {{ person }} order by event_us, event_sequence) as place_of_tie,
    coalesce(
        {%- for column in ['event_name', 'event_date', 'channel', 'device_platform'] %}
        {{ column }} = lead({{ column }}) over (partition by {{ person }} order by {{ in_order }})
        {{- ' and' if not loop.last else ',' }}
        {%- endfor %}
        false
    ) as is_repeated
from resolved
where {{ rebuilt() }}
