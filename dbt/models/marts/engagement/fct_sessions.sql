{{ by_person('coalesce(person_id, session_id)') }}

{%- set actor = 'identity_space, person_id, session_id' %}
{%- set in_order = 'first_event_at, last_event_at, user_id, anonymous_id' %}

with days as (

    select * from {{ ref('int_session_days') }}
    where {{ up_to_as_of() }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

resolved as (

    select
        days.*,
        coalesce(days.user_id, identities.user_id, days.anonymous_id) as person_id
    from days
    left join identities
        on days.identity_space = identities.identity_space
        and days.anonymous_id = identities.anonymous_id
    {% if is_incremental() %}
    where {{ is_touched_person(
        'days.identity_space',
        'coalesce(days.user_id, identities.user_id, days.anonymous_id, days.session_id)'
    ) }}
    {% endif %}

),

several as (

    select identity_space, session_id
    from resolved
    where session_id is not null
    group by identity_space, session_id
    having count(*) > 1

),

told_apart as (

    select resolved.*, resolved.session_id is not null and several.session_id is null as is_whole
    from resolved
    left join several
        on resolved.identity_space = several.identity_space
        and resolved.session_id = several.session_id

),

spaced as (

    -- Runs of one person may overlap (another device, another anonymous id): the latest end so far is what counts.
    select
        told_apart.*,
        max(last_event_at) over (
            partition by {{ actor }}
            order by {{ in_order }}
            rows between unbounded preceding and 1 preceding
        ) as previous_event_at
    from told_apart
    where not is_whole

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

told as (

    -- A piece that goes on with the step the one before ended in does not repeat it.
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
    from told
    group by {{ actor }}, run_number

),

sessions as (

    -- Most sessions are one piece already; only the others have to be put together.
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
    from told_apart
    where is_whole

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
