{{ config(schema='staging') }}

with new_events as (

    select identity_space, stream, order_id, user_id, anonymous_id, session_id
    from {{ ref('fct_events') }}
    where {{ is_new_row() }}

),

related_events as (

    select identity_space, user_id, anonymous_id, session_id from new_events

    union all

    -- A new event of an order may change whose order it is, so the order's other events count as well.
    select identity_space, user_id, anonymous_id, session_id
    from {{ ref('fct_events') }}
    where (stream, order_id) in (select stream, order_id from new_events where order_id is not null)

),

people as (

    select identity_space, {{ actor_id() }} as person_id
    from related_events

    union all

    select identity_space, anonymous_id as person_id
    from related_events

    union all

    -- A new event may change the user that an anonymous id stands for, from or to anybody seen with it.
    select identity_space, user_id as person_id
    from {{ ref('int_user_days') }}
    where (identity_space, anonymous_id) in (
        select identity_space, anonymous_id from related_events where anonymous_id is not null
    )

)

select distinct identity_space, person_id
from people
where person_id is not null
