with credits as (

    select * from {{ ref('attribution_credits') }}

)

select
    purchased_date,
    channel,
    currency,
    cast(sum(touchpoints) as bigint) as touchpoints,
    count(*) as purchases
    {%- for model in attribution_models() %},
    cast(sum({{ model }}_weight) as decimal(38,6)) as {{ model }}_purchases,
    {{ shown_amount('sum(' ~ model ~ '_value)', 'currency') }} as {{ model }}_value
    {%- endfor %}
from credits
group by purchased_date, channel, currency
