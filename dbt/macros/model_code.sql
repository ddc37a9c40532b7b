{#-
    The code that made a table. var('code') maps the unique id of each model and seed whose table other code made (or
    the same code as of another date) to the digest of its present code. Such a table is rebuilt from scratch.

    A view beside the table, <table>__dbt_code, holds the digest. A run drops it before the table changes and creates it
    again afterwards. So a run that dies in between leaves a table without a digest, and the next run rebuilds the table
    from scratch. Without var('code') every table is rebuilt from scratch.
-#}

{#- Whether other code made the node's table. -#}
{% macro has_other_code() %}
    {{ return(var('code') is none or model.unique_id in var('code')) }}
{% endmacro %}


{#-
    dbt asks this to learn whether to build an incremental model's table from scratch. That is also so when the run
    rebuilds every event date, and for models rebuilt by person when a date may have lost rows: then anybody's rows may
    have changed.
-#}
{% macro should_full_refresh() %}
    {%- set rule = config.get('meta', {}).get('rebuild') -%}
    {%- set everything = rule and event_dates() is none -%}
    {%- set everybody = rule and rule.by == 'person' and event_dates() != dates_with_new_rows() -%}
    {{ return(dbt.should_full_refresh() or has_other_code() or everything or everybody) }}
{% endmacro %}


{#- The pre-hook of every node. -#}
{% macro forget_code() %}
    {%- if has_other_code() %}drop view if exists {{ code_note() }}{% endif -%}
{% endmacro %}


{#- The post-hook of every node. -#}
{% macro note_code() %}
    {%- if var('code') is not none and has_other_code() %}
        create or replace view {{ code_note() }} as
        select cast('{{ var("code")[model.unique_id] }}' as varchar(64)) as code
    {% endif -%}
{% endmacro %}


{#- The view that holds a table's digest. It is in the table's own schema, so that one transaction changes both. -#}
{% macro code_note() %}
    {{ return(this.incorporate(path={'identifier': this.identifier ~ '__dbt_code'}, type='view')) }}
{% endmacro %}
