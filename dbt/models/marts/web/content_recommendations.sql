with used as (

    select user_id, entity_type, entity_id from {{ ref('int_member_entities') }}

),

everybody as (

    select count(distinct user_id) as members from used

),

entities as (

    select entity_type, entity_id, count(*) as members
    from used
    group by entity_type, entity_id

),

pairs as (

    select
        used.entity_type,
        used.entity_id,
        other.entity_type as recommended_type,
        other.entity_id as recommended_id,
        count(*) as members
    from used
    inner join used as other
        on used.user_id = other.user_id
    where used.entity_type <> other.entity_type
        or used.entity_id <> other.entity_id
    group by used.entity_type, used.entity_id, other.entity_type, other.entity_id
    having count(*) >= {{ var('recommendation_minimum_members') }}

),

measured as (

    select
        pairs.*,
        {{ ratio('pairs.members', 'everybody.members') }} as support,
        {{ ratio('pairs.members', 'entities.members') }} as confidence,
        {{ ratio('pairs.members * everybody.members', 'entities.members * recommended.members') }} as lift
    from pairs
    cross join everybody
    inner join entities
        on pairs.entity_type = entities.entity_type
        and pairs.entity_id = entities.entity_id
    inner join entities as recommended
        on pairs.recommended_type = recommended.entity_type
        and pairs.recommended_id = recommended.entity_id

),

placed as (

    select
        measured.*,
        row_number() over (
            partition by entity_type, entity_id order by lift desc, members desc, recommended_type, recommended_id
        ) as place
    from measured

)

select
    entity_type,
    entity_id,
    place,
    recommended_type,
    recommended_id,
    members,
    support,
    confidence,
    lift
from placed
where place <= {{ var('recommendations_per_entity') }}
