with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

days as (

    select * from {{ ref('int_content_days') }}
    where {{ up_to_as_of() }}

),

measured as (

    select
        days.*,
        {{ days_between('days.event_date', 'as_of.as_of') }} as days_ago,
        case when session_id is not null then {{ surrogate_key(['user_id', 'session_id']) }} end as session_key
    from days
    cross join as_of

),

entities as (

    -- The row `all` counts a member who acted on several entities of the type once.
    {% for entity in ["'all'", 'entity_id'] %}
    select
        entity_type,
        {{ entity }} as entity_id,
        cast(sum(interactions) as bigint) as interactions,
        count(distinct user_id) as users,
        count(distinct session_key) as sessions,
        cast(sum(case when days_ago < {{ var('trend_days') }} then interactions else 0 end) as bigint)
            as recent_interactions,
        cast(sum(
            case
                when days_ago >= {{ var('trend_days') }} and days_ago < 2 * {{ var('trend_days') }} then interactions
                else 0
            end
        ) as bigint) as previous_interactions
    from measured
    {{ 'where entity_id is not null' if not loop.first }}
    group by entity_type{{ ', entity_id' if not loop.first }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

totals as (

    -- An entity's share is of its type, a type's share is of all types.
    select
        entities.*,
        case
            when entity_id = 'all' then sum(interactions) over (partition by case when entity_id = 'all' then 1 else 0 end)
            else max(case when entity_id = 'all' then interactions end) over (partition by entity_type)
        end as interactions_in_all
    from entities

)

select
    entity_type,
    entity_id,
    interactions,
    users,
    sessions,
    {{ ratio('interactions', 'interactions_in_all') }} as share,
    recent_interactions,
    previous_interactions,
    {{ ratio('recent_interactions - previous_interactions', 'previous_interactions') }} as trend
from totals
