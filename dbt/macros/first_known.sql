{#- Window: the partition's first value that is not null, in the given order. Each row of the partition has it. -#}
{% macro first_known(value, partition_by, order_by) -%}
    {{ first_value_not_null(value) }} over (
        partition by {{ partition_by }}
        order by {{ order_by }}
        rows between unbounded preceding and unbounded following
    )
{%- endmacro %}


{% macro first_value_not_null(value) %}{{ return(adapter.dispatch('first_value_not_null')(value)) }}{% endmacro %}

{% macro default__first_value_not_null(value) -%}
    first_value({{ value }} ignore nulls)
{%- endmacro %}

{% macro snowflake__first_value_not_null(value) -%}
    first_value({{ value }}) ignore nulls
{%- endmacro %}
