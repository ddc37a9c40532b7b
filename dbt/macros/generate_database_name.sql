{#-
    The database of a model. On Snowflake it is the configured one. A Redshift cluster has one database. On DuckDB public
    models are in a file of their own, which a release copies.
-#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ adapter.dispatch('database_of')(custom_database_name, node) | trim }}
{%- endmacro %}

{% macro default__database_of(custom_database_name, node) %}{{ target.database }}{% endmacro %}

{% macro snowflake__database_of(custom_database_name, node) %}{{ custom_database_name or target.database }}{% endmacro %}

{% macro duckdb__database_of(custom_database_name, node) -%}
    {{ 'gold_next' if node.config.access == 'public' else target.database }}
{%- endmacro %}
