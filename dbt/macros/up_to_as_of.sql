{#- Condition: the row's event date is not after the as-of date. -#}
{% macro up_to_as_of(date_column='event_date') -%}
    {{ date_column }} <= (select as_of from {{ ref('int_as_of') }})
{%- endmacro %}
