{#-
    Aggregate: the value of the earliest row in which it is not null; if several rows have that time, the first value by
    name. It is found as the minimum of texts that begin with the time, at a fixed width. latest() is the same by maximum.
-#}
{% macro earliest(value, timestamp) -%}
    {{ value_by_time('min', value, timestamp) }}
{%- endmacro %}


{#- Aggregate: the value of the latest row in which it is not null; the last by name if several have that time. -#}
{% macro latest(value, timestamp) -%}
    {{ value_by_time('max', value, timestamp) }}
{%- endmacro %}


{% macro value_by_time(aggregate, value, timestamp) -%}
    {#- A null value makes the whole text null, and aggregates skip it. -#}
    substring(
        {{ aggregate }}(lpad(cast({{ epoch_microseconds(timestamp) }} as varchar(20)), 20, '0') || {{ value }}),
        21
    )
{%- endmacro %}
