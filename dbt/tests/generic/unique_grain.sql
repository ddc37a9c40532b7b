{#- Fails for each combination of `columns` that several rows have. Nulls count as equal. -#}
{% test unique_grain(model, columns) %}

select {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
