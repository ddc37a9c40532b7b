{#-
    Aggregate: the value that goes with the earliest time at which it is not null; of several at that time the first
    by name. The time is written in front of it at one width, so that the smallest text is the earliest value.
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
