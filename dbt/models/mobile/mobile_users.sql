{{ config(alias='users') }}

with days as (

    select * from {{ ref('int_mobile_user_days') }}
    where {{ up_to_as_of() }}

),

described as (

    -- City and coordinates are those of one journey, so that a city never has another city's coordinates.
    select
        days.*,
        {{ first_known('os_user', 'user_id', 'event_date desc') }} as last_os_user,
        max(case when located_by is not null then event_date end) over (partition by user_id) as last_located_date
    from days

)

select
    user_id,
    max(last_os_user) as os_user,
    max(case when event_date = last_located_date then city end) as city,
    max(case when event_date = last_located_date then latitude end) as latitude,
    max(case when event_date = last_located_date then longitude end) as longitude
from described
group by user_id
