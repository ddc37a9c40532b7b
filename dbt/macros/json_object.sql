{#- Columns as one JSON, VARIANT or SUPER object, with their names as keys. Null stays null. -#}
{% macro json_object(columns) %}{{ return(adapter.dispatch('json_object')(columns)) }}{% endmacro %}

{% macro default__json_object(columns) -%}
    object({{ json_pairs(columns) }})
{%- endmacro %}

{% macro duckdb__json_object(columns) -%}
    json_object({{ json_pairs(columns) }})
{%- endmacro %}

{% macro snowflake__json_object(columns) -%}
    cast(object_construct_keep_null({{ json_pairs(columns) }}) as variant)
{%- endmacro %}

{% macro json_pairs(columns) -%}
    {%- for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
