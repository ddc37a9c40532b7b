{{ rebuild_by('date') }}

with events as (

    select * from {{ ref('stg_clickstream') }}
    where {{ rebuilt() }}

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
