{{ by_person('person_id') }}

{%- set purchase = 'stream, purchase_id' %}

with purchases as (

    select * from {{ ref('int_purchases') }}
    {% if is_incremental() %}
    where {{ is_touched_person('identity_space', 'person_id') }}
    {% endif %}

),

sessions as (

    select identity_space, person_id, started_at, channel
    from {{ ref('fct_sessions') }}
    where person_id is not null
        and channel is not null

),

touched as (

    select
        purchases.stream,
        purchases.purchase_id,
        sessions.channel,
        count(*) as touchpoints,
        min(sessions.started_at) as first_touch_at,
        max(sessions.started_at) as last_touch_at
    from purchases
    inner join sessions
        on purchases.identity_space = sessions.identity_space
        and purchases.person_id = sessions.person_id
        and sessions.started_at <= purchases.purchased_at
        and sessions.started_at >= {{ dbt.dateadd('day', -var('attribution_days'), 'purchases.purchased_at') }}
    group by purchases.stream, purchases.purchase_id, sessions.channel

),

described as (

    -- Of two that touched at one time the channel later by name is the later.
    select
        touched.*,
        cast(sum(touchpoints) over (partition by {{ purchase }}) as bigint) as all_touchpoints,
        case
            when row_number() over (partition by {{ purchase }} order by first_touch_at, channel) = 1 then 1 else 0
        end as is_first,
        case
            when row_number() over (partition by {{ purchase }} order by last_touch_at desc, channel desc) = 1 then 1
            else 0
        end as is_last
    from touched

),

channels as (

    select
        purchases.*,
        coalesce(described.channel, 'untouched') as channel,
        coalesce(described.touchpoints, 0) as touchpoints,
        {%- for model, shares in attribution_models().items() %}
        coalesce({{ shares.parts }}, 1) as {{ model }}_parts,
        coalesce({{ shares.of }}, 1) as {{ model }}_of{{ ',' if not loop.last }}
        {%- endfor %}
    from purchases
    left join described
        on purchases.stream = described.stream
        and purchases.purchase_id = described.purchase_id

),

summed as (

    select
        channels.*,
        cast(value * 100 as decimal(38,0)) as cents
        {%- for model in attribution_models() %},
        cast(
            sum({{ model }}_parts) over (partition by {{ purchase }} order by channel rows unbounded preceding) as bigint
        ) as {{ model }}_up_to
        {%- endfor %}
    from channels

)

select
    stream,
    identity_space,
    purchase_id,
    person_id,
    purchased_at,
    purchased_date,
    currency,
    value,
    channel,
    touchpoints
    {%- for model in attribution_models() %},
    cast(cast({{ attribution_credit(model, '1000000') }} as decimal(38,6)) * 0.000001 as decimal(38,6))
        as {{ model }}_weight,
    cast(cast({{ attribution_credit(model, 'cents') }} as decimal(38,2)) * 0.01 as decimal(38,2)) as {{ model }}_value
    {%- endfor %}
from summed
