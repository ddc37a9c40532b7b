{#- Condition: the row's event date counts as of the date that int_as_of holds. -#}
{% macro up_to_as_of(date_column='event_date') -%}
    {{ date_column }} <= (select as_of from {{ ref('int_as_of') }})
{%- endmacro %}
