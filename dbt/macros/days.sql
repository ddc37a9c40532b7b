{#- A date plus a number of days, which may be negative. -#}
{% macro days_after(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}


{#- Calendar days from one date to another, as bigint. -#}
{% macro days_between(first, last) -%}
    cast({{ dbt.datediff(first, last, 'day') }} as bigint)
{%- endmacro %}
