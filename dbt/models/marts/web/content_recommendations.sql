with entities as (

    -- Numbers in place of names: pairs of these are counted much faster.
    select entity_type, entity_id, row_number() over (order by entity_type, entity_id) as entity, count(*) as members
    from {{ ref('int_member_entities') }}
    group by entity_type, entity_id

),

used as (

    select member_entities.user_id, entities.entity
    from {{ ref('int_member_entities') }} as member_entities
    inner join entities
        on member_entities.entity_type = entities.entity_type
        and member_entities.entity_id = entities.entity_id

),

everybody as (

    select count(distinct user_id) as members from used

),

counted as (

    select used.entity as first_entity, other.entity as second_entity, count(*) as members
    from used
    inner join used as other
        on used.user_id = other.user_id
        and used.entity < other.entity
    group by used.entity, other.entity
    having count(*) >= {{ var('recommendation_minimum_members') }}

),

pairs as (

    select first_entity as entity, second_entity as recommended, members from counted

    union all

    select second_entity as entity, first_entity as recommended, members from counted

),

measured as (

    select
        entities.entity_type,
        entities.entity_id,
        recommended.entity_type as recommended_type,
        recommended.entity_id as recommended_id,
        pairs.members,
        {{ ratio('pairs.members', 'everybody.members') }} as support,
        {{ ratio('pairs.members', 'entities.members') }} as confidence,
        {{ ratio('pairs.members * everybody.members', 'entities.members * recommended.members') }} as lift
    from pairs
    cross join everybody
    inner join entities
        on pairs.entity = entities.entity
    inner join entities as recommended
        on pairs.recommended = recommended.entity

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
