{#-
    The database that a model asks for, where the warehouse has several; DuckDB's file and Redshift's cluster have one.
-#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ (custom_database_name if target.type == 'snowflake' and custom_database_name else target.database) | trim }}
{%- endmacro %}
