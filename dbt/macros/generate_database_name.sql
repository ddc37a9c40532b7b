{#-
    The database that a model asks for, where the warehouse has several. Redshift's cluster has one; on DuckDB what is
    public has a file of its own, which a release copies.
-#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ adapter.dispatch('database_of')(custom_database_name, node) | trim }}
{%- endmacro %}

{% macro default__database_of(custom_database_name, node) %}{{ target.database }}{% endmacro %}

{% macro snowflake__database_of(custom_database_name, node) %}{{ custom_database_name or target.database }}{% endmacro %}

{% macro duckdb__database_of(custom_database_name, node) -%}
    {{ 'gold_next' if node.config.access == 'public' else target.database }}
{%- endmacro %}
