with links as (

    select identity_space, anonymous_id, user_id, max(last_event_at) as last_seen_at
    from {{ ref('int_user_days') }}
    where user_id is not null
        and anonymous_id is not null
        and {{ up_to_as_of() }}
    group by identity_space, anonymous_id, user_id

),

ranked as (

    select
        links.*,
        row_number() over (
            partition by identity_space, anonymous_id
            order by last_seen_at desc, user_id desc
        ) as recency_rank
    from links

)

select identity_space, anonymous_id, user_id, last_seen_at
from ranked
where recency_rank = 1
