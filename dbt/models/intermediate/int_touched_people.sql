{{ config(schema='staging') }}

with gained as (

    select identity_space, stream, order_id, user_id, anonymous_id, session_id
    from {{ ref('int_events') }}
    where {{ is_gained() }}

),

touched as (

    select identity_space, user_id, anonymous_id, session_id from gained

    union all

    -- Whose an order is, its events tell together.
    select identity_space, user_id, anonymous_id, session_id
    from {{ ref('int_events') }}
    where (stream, order_id) in (select stream, order_id from gained where order_id is not null)

),

people as (

    select identity_space, coalesce(user_id, anonymous_id, session_id) as person_id
    from touched

    union all

    select identity_space, anonymous_id as person_id
    from touched

    union all

    -- Whom an anonymous id stands for may have changed, from or to anybody seen with it.
    select identity_space, user_id as person_id
    from {{ ref('int_user_days') }}
    where (identity_space, anonymous_id) in (
        select identity_space, anonymous_id from touched where anonymous_id is not null
    )

)

select distinct identity_space, person_id
from people
where person_id is not null
