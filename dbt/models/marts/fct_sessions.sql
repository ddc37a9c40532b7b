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

),

spaced as (

    -- Runs of one person may overlap (another device, another anonymous id): the latest end so far is what counts.
    select
        resolved.*,
        max(last_event_at) over (
            partition by {{ actor }}
            order by {{ in_order }}
            rows between unbounded preceding and 1 preceding
        ) as previous_event_at
    from resolved

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
        {{ first_known('channel', actor ~ ', run_number', 'channel_at, channel') }} as session_channel,
        {{ first_known('device_platform', actor ~ ', run_number', 'device_platform_at, device_platform') }}
            as session_device_platform
    from numbered

),

sessions as (

    select
        identity_space,
        person_id,
        session_id,
        min(first_event_at) as started_at,
        max(last_event_at) as ended_at,
        cast(sum(events) as bigint) as events,
        cast(sum(views) as bigint) as views,
        cast(sum(conversions) as bigint) as conversions,
        max(session_channel) as channel,
        max(session_device_platform) as device_platform
    from described
    group by {{ actor }}, run_number

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
    device_platform
from sessions
