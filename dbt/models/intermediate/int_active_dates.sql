{{ rebuild_by('person') }}

{%- set population = 'device_platform, identity_space, person_id' %}

with person_days as (

    select event_date, identity_space, person_id, device_platform
    from {{ ref('int_person_days') }}
    where {{ rebuilt() }}

),

actives as (

    select event_date, identity_space, person_id, device_platform
    from person_days

    union all

    -- In `all` a person on two platforms counts once.
    select distinct event_date, identity_space, person_id, 'all' as device_platform
    from person_days

)

select
    event_date,
    identity_space,
    person_id,
    device_platform,
    min(event_date) over (partition by {{ population }}) as first_date,
    lag(event_date) over (partition by {{ population }} order by event_date) as previous_date,
    lead(event_date) over (partition by {{ population }} order by event_date) as next_date
from actives
