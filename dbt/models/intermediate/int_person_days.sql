{{ rebuild_by('person') }}

with days as (

    select * from {{ ref('int_user_days') }}
    where {{ up_to_as_of() }}

),

resolved as (

    select
        days.*,
        {{ stitched_id('days') }} as person_id
    from days
    {{ join_identities('days') }}

)

select
    event_date,
    identity_space,
    person_id,
    coalesce(device_platform, 'unknown') as device_platform,
    app_id,
    min(first_event_at) as first_event_at,
    max(last_event_at) as last_event_at,
    cast(sum(events) as bigint) as events,
    cast(sum(views) as bigint) as views
from resolved
where {{ rebuilt() }}
group by event_date, identity_space, person_id, coalesce(device_platform, 'unknown'), app_id
