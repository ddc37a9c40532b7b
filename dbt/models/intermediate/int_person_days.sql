{{ by_person('person_id') }}

with days as (

    select * from {{ ref('int_user_days') }}
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
    where {{ is_touched_person('days.identity_space', 'coalesce(days.user_id, identities.user_id, days.anonymous_id)') }}
    {% endif %}

)

select
    event_date,
    identity_space,
    person_id,
    coalesce(device_platform, 'unknown') as device_platform,
    min(first_event_at) as first_event_at,
    max(last_event_at) as last_event_at,
    cast(sum(events) as bigint) as events,
    cast(sum(views) as bigint) as views
from resolved
group by event_date, identity_space, person_id, coalesce(device_platform, 'unknown')
