{#- The adapter wants a unit test's first row to be free of nulls; but a null's type is that of its column here as well. -#}
{% macro redshift__validate_fixture_rows(rows, row_number) %}{% endmacro %}
