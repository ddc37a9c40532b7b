{#-
    The code that made a table. var('code') lists the models and seeds whose tables were made by other code, or by the
    same code as of another date. It maps the unique id of each to the digest of its present code. These tables are
    rebuilt from scratch.

    A view beside the table, <table>__dbt_code, holds the digest. A run drops it before the table changes and creates it
    again afterwards. So a run that dies in between leaves a table without a digest, and the next run rebuilds the table
    from scratch. Without var('code') every table is rebuilt from scratch.
-#}

{#- Whether the node's table was made by other code. -#}
{% macro has_other_code() %}
    {{ return(var('code') is none or model.unique_id in var('code')) }}
{% endmacro %}


{#-
    dbt calls this to decide whether to build an incremental model from scratch. It is also built so when the run
    rebuilds every event date. A model that is rebuilt by person is also built so when a date may have lost rows,
    because then anybody's rows may have changed.
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
