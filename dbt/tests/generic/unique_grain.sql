{#- Fails for every combination of `columns` that more than one row has; nulls count as equal. -#}
{% test unique_grain(model, columns) %}

select {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
