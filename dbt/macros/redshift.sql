{#-
    Redshift's sort keys, and its types where they hold less than elsewhere under the same name. Only the Redshift
    adapter calls these macros.
-#}

{#- A varchar without a size holds 256 bytes on Redshift, so texts get the largest size. -#}
{% macro redshift_type(data_type) -%}
    {{- 'varchar(65535)' if data_type | lower == 'varchar' else data_type -}}
{%- endmacro %}


{% macro redshift__get_table_columns_and_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() -%}
        {%- do columns.update({name: dict(column, data_type=redshift_type(column['data_type']))}) -%}
    {%- endfor %}
  (
    {{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(',\n    ') }}
  )
{%- endmacro %}


{#- The columns that a table is sorted by: the configured ones, else the event date, by which most queries filter. -#}
{% macro sort(sort_type, sort) -%}
    {%- set columns = [sort] if sort is string else sort -%}
    {%- if columns is none and 'event_date' in model['columns'] -%}
        {%- set columns = ['event_date'] -%}
    {%- endif -%}
    {%- if columns -%}
        {{ sort_type or 'compound' }} sortkey ({{ columns | join(', ') }})
    {%- endif -%}
{%- endmacro %}
