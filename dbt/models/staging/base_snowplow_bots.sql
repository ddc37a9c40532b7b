with user_agents as (

    select distinct useragent as user_agent
    from {{ source('silver', 'snowplow') }}
    where useragent is not null

)

select distinct user_agents.user_agent
from user_agents
inner join {{ ref('bot_user_agents') }} as bots
    on {{ dbt.position('bots.pattern', "'^' || user_agents.user_agent || '$'") }} > 0
