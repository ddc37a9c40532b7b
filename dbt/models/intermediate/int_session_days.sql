{{ config(materialized='incremental', incremental_strategy='replace_dates', on_schema_change='fail') }}

{%- set actor = 'event_date, identity_space, user_id, anonymous_id, session_id' %}
{%- set in_order = 'event_at, event_sequence, event_id' %}

with events as (

    select * from {{ ref('int_events') }}
    where (session_id is not null or user_id is not null or anonymous_id is not null)
    {% if is_incremental() %}
        and {{ in_event_dates('event_date') }}
    {% endif %}

),

spaced as (

    select
        events.*,
        lag(event_at) over (partition by {{ actor }} order by {{ in_order }}) as previous_event_at
    from events

),

numbered as (

    select
        spaced.*,
        sum(
            case
                when session_id is null
                    and {{ is_later_by_more_than('previous_event_at', 'event_at', var('session_gap_seconds')) }}
                    then 1
                else 0
            end
        ) over (partition by {{ actor }} order by {{ in_order }} rows unbounded preceding) as run_number
    from spaced

),

described as (

    select
        numbered.*,
        {{ first_known('channel', actor ~ ', run_number', in_order) }} as run_channel,
        {{ first_known('device_platform', actor ~ ', run_number', in_order) }} as run_device_platform
    from numbered

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    session_id,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    count(*) as events,
    cast(sum(case when is_view then 1 else 0 end) as bigint) as views,
    count(distinct case when is_conversion then coalesce('o' || order_id, 'e' || event_id) end) as conversions,
    max(run_channel) as channel,
    min(case when channel is not null then event_at end) as channel_at,
    max(run_device_platform) as device_platform,
    min(case when device_platform is not null then event_at end) as device_platform_at
from described
group by {{ actor }}, run_number
