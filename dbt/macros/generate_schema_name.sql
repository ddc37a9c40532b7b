{#- The schema of a model, as configured: schemas are public names, so they get no prefix of the target's. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
