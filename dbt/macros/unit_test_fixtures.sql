{#- The adapter would refuse a unit test whose first row has nulls. Here they get the type of their column. -#}
{% macro redshift__validate_fixture_rows(rows, row_number) %}{% endmacro %}
