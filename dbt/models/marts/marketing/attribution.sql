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
    cast(sum({{ model }}_value) as decimal(38,2)) as {{ model }}_value
    {%- endfor %}
from credits
group by purchased_date, channel, currency
