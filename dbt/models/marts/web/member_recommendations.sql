with used as (

    select user_id, entity_type, entity_id from {{ ref('int_member_entities') }}

),

ever_used as (

    select distinct user_id, entity_type, entity_id
    from {{ ref('int_content_days') }}
    where entity_id is not null
        and {{ up_to_as_of() }}

),

leads as (

    select
        used.user_id,
        recommendations.recommended_type as entity_type,
        recommendations.recommended_id as entity_id,
        recommendations.lift,
        used.entity_type as because_type,
        used.entity_id as because_id,
        row_number() over (
            partition by used.user_id, recommendations.recommended_type, recommendations.recommended_id
            order by recommendations.lift desc, used.entity_type, used.entity_id
        ) as place_of_lead,
        count(*) over (
            partition by used.user_id, recommendations.recommended_type, recommendations.recommended_id
        ) as leads
    from used
    inner join {{ ref('content_recommendations') }} as recommendations
        on used.entity_type = recommendations.entity_type
        and used.entity_id = recommendations.entity_id

),

unseen as (

    select
        leads.*,
        row_number() over (
            partition by leads.user_id
            order by leads.leads desc, leads.lift desc, leads.entity_type, leads.entity_id
        ) as place
    from leads
    left join ever_used
        on leads.user_id = ever_used.user_id
        and leads.entity_type = ever_used.entity_type
        and leads.entity_id = ever_used.entity_id
    where leads.place_of_lead = 1
        and ever_used.user_id is null

)

select
    user_id,
    place,
    entity_type,
    entity_id,
    leads,
    lift,
    because_type,
    because_id
from unseen
where place <= {{ var('recommendations_per_member') }}
