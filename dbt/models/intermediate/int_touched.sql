{{ config(materialized='view') }}

select
    event_date,
    stream,
    event_id,
    identity_space,
    coalesce(user_id, anonymous_id, session_id) as actor
from {{ ref('int_events') }}
where {{ is_gained() }}
