with days as (

    select * from {{ ref('int_content_days') }}
    where {{ up_to_as_of() }}

),

types as (

    select user_id, entity_type, cast(sum(interactions) as bigint) as interactions
    from days
    group by user_id, entity_type

)

select
    user_id,
    entity_type,
    interactions,
    {{ ratio('interactions', 'sum(interactions) over (partition by user_id)') }} as share,
    row_number() over (partition by user_id order by interactions desc, entity_type) as place
from types
