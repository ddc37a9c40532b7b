with credits as (

    select
        purchased_date,
        channel,
        currency,
        touchpoints,
        1 as purchases,
        {%- for model in attribution_models() %}
        {{ model }}_weight,
        {{ model }}_value,
        {%- endfor %}
        cast(null as decimal(38,6)) as cost
    from {{ ref('attribution_credits') }}

    union all

    -- A date on which a channel cost something has a row, also if nobody bought.
    select
        date as purchased_date,
        channel,
        currency,
        0 as touchpoints,
        0 as purchases,
        {%- for model in attribution_models() %}
        0 as {{ model }}_weight,
        null as {{ model }}_value,
        {%- endfor %}
        cost
    from {{ ref('campaign_costs') }}
    where {{ up_to_as_of('date') }}

),

summed as (

    select
        purchased_date,
        channel,
        currency,
        cast(sum(touchpoints) as bigint) as touchpoints,
        cast(sum(purchases) as bigint) as purchases,
        {%- for model in attribution_models() %}
        cast(sum({{ model }}_weight) as decimal(38,6)) as {{ model }}_purchases,
        case
            when sum(purchases) = 0 then cast(0 as decimal(38,6))
            else {{ shown_amount('sum(' ~ model ~ '_value)', 'currency') }}
        end as {{ model }}_value,
        {%- endfor %}
        {{ shown_amount('sum(cost)', 'currency') }} as cost
    from credits
    group by purchased_date, channel, currency

)

select
    purchased_date,
    channel,
    case
        when channel = 'untouched' then 'untouched'
        else {{ channel_group('lower(channel)', 'lower(channel)', "cast(null as varchar(65535))", 'source_categories.category') }}
    end as channel_group,
    currency,
    touchpoints,
    purchases,
    cost
    {%- for model in attribution_models() %},
    {{ model }}_purchases,
    {{ model }}_value,
    {{ ratio('cost', model ~ '_purchases') }} as {{ model }}_cost_per_purchase,
    {{ ratio(model ~ '_value', 'cost') }} as {{ model }}_return_on_ad_spend
    {%- endfor %}
from summed
left join {{ ref('source_categories') }} as source_categories
    on lower(summed.channel) = source_categories.source
