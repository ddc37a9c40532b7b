{#- The first `number` parts of a text, split at `delimiter`; all parts if there are fewer. -#}
{% macro first_parts(text, delimiter, number) -%}
    {%- for part in range(1, number + 1) -%}
        {%- set value = dbt.split_part(text, "'" ~ delimiter ~ "'", part) -%}
        {{ value if loop.first else " || coalesce('" ~ delimiter ~ "' || nullif(" ~ value ~ ", ''), '')" }}
    {%- endfor -%}
{%- endmacro %}
