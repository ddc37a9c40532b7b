{{ config(materialized='incremental', incremental_strategy='replace_touched', on_schema_change='fail') }}

with events as (

    select * from {{ ref('stg_web') }}
    where entity_type is not null
    {% if is_incremental() %}
        and {{ in_event_dates('event_date', 'event_at') }}
    {% endif %}

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
