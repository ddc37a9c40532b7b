{{ config(materialized='incremental', incremental_strategy='replace_dates', on_schema_change='fail') }}

with events as (

    select * from {{ ref('int_events') }}
    where (user_id is not null or anonymous_id is not null)
    {% if is_incremental() %}
        and {{ in_event_dates('event_date') }}
    {% endif %}

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    count(*) as events,
    cast(sum(case when is_view then 1 else 0 end) as bigint) as views,
    -- One order may be completed and then fulfilled on one day: that is one conversion.
    count(distinct case when is_conversion then coalesce('o' || order_id, 'e' || event_id) end) as conversions
from events
group by event_date, identity_space, user_id, anonymous_id
