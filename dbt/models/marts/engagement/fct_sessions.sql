{{ rebuild_by('person', person_id='coalesce(person_id, session_id)') }}

{%- set actor = 'identity_space, person_id, session_id' %}
{%- set in_order = 'first_event_at, last_event_at, user_id, anonymous_id' %}

with days as (

    select * from {{ ref('int_session_days') }}
    where {{ up_to_as_of() }}

),

resolved as (

    select
        days.*,
        {{ stitched_id('days') }} as person_id
    from days
    {{ join_identities('days') }}

),

pieces as (

    select * from resolved
    where {{ rebuilt() }}

),

in_several_pieces as (

    select identity_space, session_id
    from pieces
    where session_id is not null
    group by identity_space, session_id
    having count(*) > 1

),

marked as (

    select pieces.*, pieces.session_id is not null and in_several_pieces.session_id is null as is_whole_session
    from pieces
    left join in_several_pieces
        on pieces.identity_space = in_several_pieces.identity_space
        and pieces.session_id = in_several_pieces.session_id

),

spaced as (

    -- Pieces of one person may overlap, for example on two devices. So the gap counts from the latest end so far.
    select
        marked.*,
        max(last_event_at) over (
            partition by {{ actor }}
            order by {{ in_order }}
            rows between unbounded preceding and 1 preceding
        ) as previous_event_at
    from marked
    where not is_whole_session

),

numbered as (

    select
        spaced.*,
        sum(
            case
                when session_id is null
                    and {{ is_later_by_more_than('previous_event_at', 'first_event_at', var('session_gap_seconds')) }}
                    then 1
                else 0
            end
        ) over (partition by {{ actor }} order by {{ in_order }} rows unbounded preceding) as run_number
    from spaced

),

described as (

    select
        numbered.*,
        row_number() over (partition by {{ actor }}, run_number order by {{ in_order }}) as piece,
        lag(last_step) over (partition by {{ actor }}, run_number order by {{ in_order }}) as step_before
    from numbered

),

continued as (

    -- A piece may begin with the step that the piece before it ended in: the journey names that step once.
    select
        described.*,
        case
            when step_before = first_step then nullif(substring(journey, length(first_step) + 4), '')
            else journey
        end as piece_journey
    from described

),

joined as (

    select
        identity_space,
        person_id,
        session_id,
        min(first_event_at) as started_at,
        max(last_event_at) as ended_at,
        cast(sum(events) as bigint) as events,
        cast(sum(views) as bigint) as views,
        cast(sum(conversions) as bigint) as conversions,
        {{ earliest('channel', 'channel_at') }} as channel,
        {{ earliest('device_platform', 'device_platform_at') }} as device_platform,
        {{ dbt.listagg('piece_journey', "' > '", 'order by piece') }} as journey
    from continued
    group by {{ actor }}, run_number

),

sessions as (

    -- Most sessions are one piece and need no joining.
    select
        identity_space,
        person_id,
        session_id,
        first_event_at as started_at,
        last_event_at as ended_at,
        events,
        views,
        conversions,
        channel,
        device_platform,
        journey
    from marked
    where is_whole_session

    union all

    select
        identity_space,
        person_id,
        session_id,
        started_at,
        ended_at,
        events,
        views,
        conversions,
        channel,
        device_platform,
        {{ first_parts('journey', ' > ', var('journey_steps')) }} as journey
    from joined

)

select
    case
        when session_id is not null
            then {{ surrogate_key(["'given'", 'identity_space', 'person_id', 'session_id']) }}
        else {{ surrogate_key(["'gap'", 'identity_space', 'person_id', epoch_microseconds('started_at')]) }}
    end as session_key,
    identity_space,
    person_id,
    session_id,
    case when session_id is not null then 'given' else 'gap' end as session_source,
    started_at,
    ended_at,
    {{ utc_date('started_at') }} as session_date,
    {{ whole_seconds_between('started_at', 'ended_at') }} as duration_seconds,
    events,
    views,
    conversions,
    conversions > 0 as is_converted,
    {{ is_later_by_more_than('started_at', 'ended_at', var('engaged_seconds')) }}
        or views >= {{ var('engaged_views') }}
        or conversions > 0 as is_engaged,
    channel,
    device_platform,
    journey
from sessions
