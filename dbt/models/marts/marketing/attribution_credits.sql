{{ rebuild_by('person') }}

{%- set purchase = 'stream, purchase_id' %}

with purchases as (

    select stream, identity_space, purchase_id, person_id, purchased_at, purchased_date, currency, net_revenue as value
    from {{ ref('fct_purchases') }}
    where not coalesce(is_refunded, false)
        and {{ rebuilt() }}

),

sessions as (

    select identity_space, person_id, started_at, channel
    from {{ ref('fct_sessions') }}
    where person_id is not null
        and channel is not null
        and {{ is_counted() }}

),

channel_touches as (

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

    -- If two touchpoints have the same time, the one whose channel is later by name is the later.
    select
        channel_touches.*,
        cast(sum(touchpoints) over (partition by {{ purchase }}) as bigint) as all_touchpoints,
        case
            when row_number() over (partition by {{ purchase }} order by first_touch_at, channel) = 1 then 1 else 0
        end as is_first,
        case
            when row_number() over (partition by {{ purchase }} order by last_touch_at desc, channel desc) = 1 then 1
            else 0
        end as is_last
    from channel_touches

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

with_units as (

    -- Credits are whole minor units of the currency, or millionths if the value is finer than these.
    select
        channels.*,
        case
            when value = {{ shown_amount('value', 'currency') }}
                then coalesce({{ by_currency('currency', {0: 1, 2: 100, 3: 1000, 4: 10000}) }}, 1000000)
            else 1000000
        end as units_of_one
    from channels

),

summed as (

    select
        with_units.*,
        cast(cast(value as decimal(25,6)) * cast(units_of_one as decimal(7,0)) as decimal(25,0)) as units,
        case units_of_one
            {% for decimals in [0, 2, 3, 4] -%}
            when {{ 10 ** decimals }} then cast({{ '%.6f' % (0.1 ** decimals) }} as decimal(7,6))
            {% endfor -%}
            else cast(0.000001 as decimal(7,6))
        end as unit
        {%- for model in attribution_models() %},
        cast(
            sum({{ model }}_parts) over (partition by {{ purchase }} order by channel rows unbounded preceding) as bigint
        ) as {{ model }}_up_to
        {%- endfor %}
    from with_units

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
    cast(cast({{ attribution_credit(model, '1000000') }} as decimal(25,0)) * cast(0.000001 as decimal(7,6)) as decimal(38,6))
        as {{ model }}_weight,
    cast(cast({{ attribution_credit(model, 'units') }} as decimal(25,0)) * unit as decimal(38,6)) as {{ model }}_value
    {%- endfor %}
from summed
