{{ rebuild_by('date') }}

with events as (

    select * from {{ ref('stg_web') }}
    where entity_type is not null
        and {{ rebuilt() }}

)

select
    event_date,
    entity_type,
    entity_id,
    user_id,
    session_id,
    count(*) as interactions
from events
group by event_date, entity_type, entity_id, user_id, session_id
