{{ rebuild_by('actor', identity_space="'app'", actor='user_id') }}

{%- set newest_first = 'event_at desc, journey_id desc' %}

with journeys as (

    select
        stg_mobile.*,
        case when city is not null or latitude is not null or longitude is not null then journey_id end as located_by
    from {{ ref('stg_mobile') }} as stg_mobile
    where is_last_step
        and {{ rebuilt() }}

),

described as (

    select
        journeys.*,
        {{ first_known('os_user', 'event_date, user_id', newest_first) }} as last_os_user,
        {{ first_known('located_by', 'event_date, user_id', newest_first) }} as last_located_by
    from journeys

)

select
    event_date,
    user_id,
    max(last_os_user) as os_user,
    max(last_located_by) as located_by,
    max(case when journey_id = last_located_by then city end) as city,
    max(case when journey_id = last_located_by then latitude end) as latitude,
    max(case when journey_id = last_located_by then longitude end) as longitude
from described
group by event_date, user_id
