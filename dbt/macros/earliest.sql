{#-
    Aggregate: the value of the earliest row in which it is not null; if several rows have that time, the first value by
    name. It is found as the minimum of texts that begin with the time, at a fixed width.
-#}
{% macro earliest(value, timestamp) -%}
    substring(
        min(
            case
                when {{ value }} is not null
                    then lpad(cast({{ epoch_microseconds(timestamp) }} as varchar(20)), 20, '0') || {{ value }}
            end
        ),
        21
    )
{%- endmacro %}
