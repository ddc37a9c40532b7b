{#-
    A value inside a column of JSON text, as text: `path` lists keys and, for elements of arrays, their numbers
    from 0. Null where the path leads nowhere.
-#}
{% macro json_text(column, path) %}{{ return(adapter.dispatch('json_text')(column, path)) }}{% endmacro %}

{% macro default__json_text(column, path) -%}
    {%- set found = namespace(expression=column) -%}
    {%- for step in path -%}
        {%- set found.expression -%}
            {%- if step is number -%}
                json_extract_array_element_text({{ found.expression }}, {{ step }}, true)
            {%- else -%}
                json_extract_path_text({{ found.expression }}, '{{ step }}', true)
            {%- endif -%}
        {%- endset -%}
    {%- endfor -%}
    nullif({{ found.expression }}, '')
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '${{ json_path(path) }}')
{%- endmacro %}

{% macro snowflake__json_text(column, path) -%}
    json_extract_path_text({{ column }}, '{{ json_path(path) | trim(".") }}')
{%- endmacro %}

{#- [0, 'revenue'] as [0].revenue -#}
{% macro json_path(path) -%}
    {%- for step in path -%}{{ '[' ~ step ~ ']' if step is number else '.' ~ step }}{%- endfor -%}
{%- endmacro %}
