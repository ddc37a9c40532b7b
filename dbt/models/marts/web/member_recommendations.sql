with ever_used as (

    select distinct user_id, entity_type, entity_id
    from {{ ref('int_content_days') }}
    where entity_id is not null
        and {{ up_to_as_of() }}

),

candidates as (

    select
        used.user_id,
        recommendations.recommended_type as entity_type,
        recommendations.recommended_id as entity_id,
        count(*) as leads,
        max(recommendations.lift) as lift
    from {{ ref('int_member_entities') }} as used
    inner join {{ ref('content_recommendations') }} as recommendations
        on used.entity_type = recommendations.entity_type
        and used.entity_id = recommendations.entity_id
    group by used.user_id, recommendations.recommended_type, recommendations.recommended_id

),

unseen as (

    select
        candidates.*,
        row_number() over (
            partition by candidates.user_id
            order by candidates.leads desc, candidates.lift desc, candidates.entity_type, candidates.entity_id
        ) as place
    from candidates
    left join ever_used
        on candidates.user_id = ever_used.user_id
        and candidates.entity_type = ever_used.entity_type
        and candidates.entity_id = ever_used.entity_id
    where ever_used.user_id is null

)

select user_id, place, entity_type, entity_id, leads, lift
from unseen
where place <= {{ var('recommendations_per_member') }}
