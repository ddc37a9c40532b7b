{{ config(materialized='incremental', incremental_strategy='replace_touched', on_schema_change='fail') }}

with events as (

    select * from {{ ref('stg_clickstream') }}
    {% if is_incremental() %}
    where {{ in_event_dates('event_date', 'event_at') }}
    {% endif %}

),

sessions as (

    select event_date, user_id, session_id, count(*) as events
    from events
    group by event_date, user_id, session_id

)

select
    event_date,
    count(distinct user_id) as users,
    count(*) as sessions,
    cast(sum(events) as bigint) as events
from sessions
group by event_date
