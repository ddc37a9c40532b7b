{{ by_person('id') }}

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
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        count(distinct event_date) as active_days,
        cast(sum(events) as bigint) as events
    from ids
    {% if is_incremental() %}
    where {{ is_touched_person('identity_space', 'id') }}
    {% endif %}
    group by identity_space, id_type, id

),

identities as (

    select * from {{ ref('int_identities') }}

)

select
    seen.identity_space,
    seen.id_type,
    seen.id,
    coalesce(identities.user_id, seen.id) as person_id,
    identities.last_seen_at as linked_at,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.active_days,
    seen.events
from seen
left join identities
    on seen.identity_space = identities.identity_space
    and seen.id_type = 'anonymous'
    and seen.id = identities.anonymous_id
