{#-
    On DuckDB an incremental model's rows are computed by the statement that inserts them, from a temporary view. dbt
    would write them to a temporary table first, and its connections keep that until the run ends.
-#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) %}
    {%- if not temporary or config.get('materialized') != 'incremental' -%}
        {{ return(dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
    {%- endif -%}
    create temporary view {{ relation.include(database=false, schema=false) }} as (
        {{ compiled_code }}
    )
{% endmacro %}
