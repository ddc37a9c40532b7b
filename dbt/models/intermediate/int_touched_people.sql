{{ config(schema='staging') }}

with new_events as (

    select identity_space, stream, order_id, view_id, user_id, anonymous_id, session_id
    from {{ ref('fct_events') }}
    where {{ is_new_row() }}

),

related_events as (

    select identity_space, user_id, anonymous_id, session_id from new_events

    union all

    -- A new event may change whose its order is, so the order's other events count as well.
    select identity_space, user_id, anonymous_id, session_id
    from {{ ref('fct_events') }}
    where (stream, order_id) in (select stream, order_id from new_events where order_id is not null)

    union all

    -- The same for its page view.
    select identity_space, user_id, anonymous_id, session_id
    from {{ ref('fct_events') }}
    where (identity_space, view_id) in (select identity_space, view_id from new_events where view_id is not null)

),

people_of_events as (

    select identity_space, user_id, anonymous_id, session_id from related_events

    union all

    -- A session may belong to anybody in it.
    select identity_space, user_id, anonymous_id, session_id
    from {{ ref('int_session_days') }}
    where (identity_space, session_id) in (
        select identity_space, session_id from related_events where session_id is not null
    )

),

people as (

    select identity_space, {{ actor_id() }} as person_id
    from people_of_events

    union all

    select identity_space, anonymous_id as person_id
    from people_of_events

    union all

    -- A new event may change the user that an anonymous id stands for, from or to anybody seen with it.
    select identity_space, user_id as person_id
    from {{ ref('int_user_days') }}
    where (identity_space, anonymous_id) in (
        select identity_space, anonymous_id from people_of_events where anonymous_id is not null
    )

)

select distinct identity_space, person_id
from people
where person_id is not null
