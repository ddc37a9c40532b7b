{#-
    Aggregate: the value of the earliest row in which it is not null; of several at that time the first by name. It is
    the minimum of a text that begins with the time, at a fixed width.
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
