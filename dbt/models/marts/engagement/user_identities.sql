{{ rebuild_by('person', person_id='id') }}

with days as (

    select * from {{ ref('int_user_days') }}
    where {{ up_to_as_of() }}

),

ids as (

    select identity_space, 'user' as id_type, user_id as id, event_date, first_event_at, last_event_at, events
    from days
    where user_id is not null

    union all

    select identity_space, 'anonymous' as id_type, anonymous_id as id, event_date, first_event_at, last_event_at, events
    from days
    where anonymous_id is not null

),

seen as (

    select
        identity_space,
        id_type,
        id,
        case when id_type = 'user' then id end as user_id,
        case when id_type = 'anonymous' then id end as anonymous_id,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        count(distinct event_date) as active_days,
        cast(sum(events) as bigint) as events
    from ids
    where {{ rebuilt() }}
    group by identity_space, id_type, id

)

select
    seen.identity_space,
    seen.id_type,
    seen.id,
    {{ stitched_id('seen') }} as person_id,
    identities.last_seen_at as linked_at,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.active_days,
    seen.events
from seen
{{ join_identities('seen') }}
