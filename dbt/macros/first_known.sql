{#- The first value that is not null, in the order given, of each partition; the same on every row of it. -#}
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
