{{ config(materialized='incremental', incremental_strategy='replace_dates', on_schema_change='fail') }}

with events as (

    select * from {{ ref('int_events') }}
    where category is not null
        and (user_id is not null or anonymous_id is not null)
    {% if is_incremental() %}
        and {{ in_event_dates('event_date') }}
    {% endif %}

)

select
    event_date,
    identity_space,
    user_id,
    anonymous_id,
    category,
    count(*) as events
from events
group by event_date, identity_space, user_id, anonymous_id, category
