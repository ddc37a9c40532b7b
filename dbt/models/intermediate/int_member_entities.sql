with days as (

    select * from {{ ref('int_content_days') }}
    where entity_id is not null
        and {{ up_to_as_of() }}

),

used as (

    select
        days.user_id,
        days.entity_type,
        days.entity_id,
        max(days.event_date) as last_date,
        cast(sum(days.interactions) as bigint) as interactions
    from days
    cross join {{ ref('int_as_of') }} as as_of
    where {{ days_between('days.event_date', 'as_of.as_of') }} < {{ var('recommendation_days') }}
    group by days.user_id, days.entity_type, days.entity_id

),

placed as (

    select
        used.*,
        row_number() over (
            partition by user_id order by last_date desc, interactions desc, entity_type, entity_id
        ) as place
    from used

)

select user_id, entity_type, entity_id, last_date, interactions
from placed
where place <= {{ var('recommendation_entities_per_member') }}
