{#-
    Copies landed files into Snowflake as they are, for teams that transform raw data there. One row of raw.raw_events is
    one JSON record, with its file and its row in the file. A file is copied once, however often this runs. A record that
    is no JSON is left out; the result of the copy says how many were.

        dbt run-operation copy_into_raw_events --target aws-snowflake --args '{path: commerce/2026/02/27}'

    `path` is a folder of the landing zone. `stage` is an external stage with the landing zone's address.
-#}
{% macro copy_into_raw_events(path, stage='platform.landing') %}
    {%- if target.type != 'snowflake' -%}
        {{ exceptions.raise_compiler_error('copy_into_raw_events: only Snowflake has a stage to copy from') }}
    {%- endif -%}
    {%- if not modules.re.fullmatch('[-_./=A-Za-z0-9]+', path) -%}
        {{ exceptions.raise_compiler_error('copy_into_raw_events: expected a folder such as commerce/2026/02/27, found ' ~ path) }}
    {%- endif -%}
    {%- do run_query('create schema if not exists raw') -%}
    {%- do run_query('create table if not exists raw.raw_events (raw variant, source_file varchar, row_number bigint)') -%}
    {%- set copied = run_query(copy_into_raw_events_statement(path.strip('/'), stage)) -%}
    {%- do log('copied ' ~ copied | length ~ ' files into raw.raw_events', info=true) -%}
{% endmacro %}


{% macro copy_into_raw_events_statement(path, stage) -%}
copy into raw.raw_events (raw, source_file, row_number)
from (select $1, metadata$filename, metadata$file_row_number from @{{ stage }}/{{ path }}/)
file_format = (type = json)
on_error = continue
{%- endmacro %}
