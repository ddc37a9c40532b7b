{#-
    With which code a table was made. var('code') holds, by the unique id of each model and seed whose table was made
    with other code or as of another date, the digest of its present code. Such a table is made anew. A view beside it,
    <table>__dbt_code, keeps the digest. It is dropped before the table changes and created after, so that a run that
    dies in between leaves a table without a note, which is made anew. Without var('code'), all tables are.
-#}

{#- Whether the node's table was made with other code. -#}
{% macro has_other_code() %}
    {{ return(var('code') is none or model.unique_id in var('code')) }}
{% endmacro %}


{#-
    dbt calls this to learn whether a table is made anew. Rows by event date are also when every date is rebuilt, and
    rows by person when a date is rebuilt whole.
-#}
{% macro should_full_refresh() %}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- set whole = strategy is not none and event_dates() is none -%}
    {%- set whole = whole or (strategy == 'replace_people' and event_dates() != gained_dates()) -%}
    {{ return(dbt.should_full_refresh() or has_other_code() or whole) }}
{% endmacro %}


{#- Every node's pre-hook. -#}
{% macro forget_code() %}
    {%- if has_other_code() %}drop view if exists {{ code_note() }}{% endif -%}
{% endmacro %}


{#- Every node's post-hook. -#}
{% macro note_code() %}
    {%- if var('code') is not none and has_other_code() %}
        create or replace view {{ code_note() }} as
        select cast('{{ var("code")[model.unique_id] }}' as varchar(64)) as code
    {% endif -%}
{% endmacro %}


{#- The view is in the table's own schema, so that one transaction changes both. -#}
{% macro code_note() %}
    {{ return(this.incorporate(path={'identifier': this.identifier ~ '__dbt_code'}, type='view')) }}
{% endmacro %}
