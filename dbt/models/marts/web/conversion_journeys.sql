with sessions as (

    select * from {{ ref('fct_sessions') }}
    where {{ is_counted() }}

),

journeys as (

    select
        identity_space,
        journey,
        count(*) as sessions,
        cast(sum(case when is_converted then 1 else 0 end) as bigint) as converted_sessions
    from sessions
    group by identity_space, journey

),

ranked as (

    select
        journeys.*,
        cast(sum(sessions) over (partition by identity_space) as bigint) as sessions_in_all,
        row_number() over (partition by identity_space order by sessions desc, journey) as place
    from journeys

)

select
    identity_space,
    place,
    journey,
    sessions,
    {{ ratio('sessions', 'sessions_in_all') }} as share,
    converted_sessions,
    {{ ratio('converted_sessions', 'sessions') }} as conversion_rate
from ranked
where place <= {{ var('top_journeys') }}
