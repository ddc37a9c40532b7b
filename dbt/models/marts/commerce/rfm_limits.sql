{%- set measures = ['recency', 'frequency', 'monetary'] %}

{% for measure in measures -%}
select
    identity_space,
    currency,
    '{{ measure }}' as measure,
    {{ measure }}_score as score,
    count(*) as customers,
    cast(min({{ measure }}) as decimal(38,6)) as lowest,
    cast(max({{ measure }}) as decimal(38,6)) as highest
from {{ ref('int_customer_values') }}
where {{ measure }} is not null
group by identity_space, currency, {{ measure }}_score
{{ 'union all' if not loop.last }}
{% endfor %}
