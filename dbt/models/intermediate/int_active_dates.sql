{{ rebuild_by('person') }}

{%- set population = 'device_platform, app_id, identity_space, person_id' %}

with person_days as (

    select event_date, identity_space, person_id, device_platform, app_id
    from {{ ref('int_person_days') }}
    where {{ rebuilt() }}

),

actives as (

    -- A person on several platforms counts once in `all`, and once in each app.
    select distinct event_date, identity_space, person_id, 'all' as device_platform, 'all' as app_id
    from person_days

    union all

    select distinct event_date, identity_space, person_id, device_platform, 'all' as app_id
    from person_days

    union all

    select distinct event_date, identity_space, person_id, 'all' as device_platform, app_id
    from person_days
    where app_id is not null

)

select
    event_date,
    identity_space,
    person_id,
    device_platform,
    app_id,
    min(event_date) over (partition by {{ population }}) as first_date,
    lag(event_date) over (partition by {{ population }} order by event_date) as previous_date,
    lead(event_date) over (partition by {{ population }} order by event_date) as next_date
from actives
