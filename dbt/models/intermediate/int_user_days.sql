{{ rebuild_by('actor', actor=actor_id(['user_id', 'anonymous_id'])) }}

with events as (

    select * from {{ ref('fct_events') }}
    where (user_id is not null or anonymous_id is not null)
        and {{ is_counted() }}
        and {{ rebuilt() }}

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    device_platform,
    app_id,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    count(*) as events,
    cast(sum(case when is_view then 1 else 0 end) as bigint) as views
from events
group by event_date, identity_space, user_id, anonymous_id, device_platform, app_id
