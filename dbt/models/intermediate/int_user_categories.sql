{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': by_actor(['user_id', 'anonymous_id'])},
) }}

with events as (

    select * from {{ ref('int_events') }}
    where category is not null
        and (user_id is not null or anonymous_id is not null)
    {% if is_incremental() %}
        and {{ in_touched(is_touched(by_actor(['user_id', 'anonymous_id']))) }}
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
