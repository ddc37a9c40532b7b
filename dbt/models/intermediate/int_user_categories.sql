{{ rebuild_by('actor', actor=actor_id(['user_id', 'anonymous_id'])) }}

with events as (

    select * from {{ ref('fct_events') }}
    where category is not null
        and (user_id is not null or anonymous_id is not null)
        and {{ is_counted() }}
        and {{ rebuilt() }}

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    category,
    count(*) as events
from events
group by event_date, identity_space, user_id, anonymous_id, category
