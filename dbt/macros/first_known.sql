{#- Window: the first value of the partition that is not null, in an order; the same in each row of the partition. -#}
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
