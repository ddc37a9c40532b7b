{#-
    The config of a model of what people did in all their history, made again for some of them. All rows of whom an
    invocation rebuilds leave the target, and the model's rows of the same enter it; the model has to select by
    is_touched_person then. `person` says whose a row is, as a person's id or what stands for one, and `identity_space`
    the space of it, both as expressions over its columns.
    Everybody is rebuilt where more than gained rows may have changed something: where a date is rebuilt whole, where
    var('as_of') is given, and where the table was made by other code, or as of a given date.
-#}
{% macro by_person(person, identity_space='identity_space') %}
    {%- do ref('int_touched_people') -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='replace_people',
        on_schema_change='fail',
        meta={'person': person, 'identity_space': identity_space},
        post_hook='{{ note_code() }}',
    ) }}
{%- endmacro %}


{% macro get_incremental_replace_people_sql(arg_dict) %}
    {{ return(adapter.dispatch('replace_people')(arg_dict)) }}
{% endmacro %}

{% macro default__replace_people(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.get('meta') -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ is_touched_person(meta['identity_space'], meta['person']) }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{% macro snowflake__replace_people(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_people(arg_dict))) }}
{% endmacro %}


{#- dbt's own word for making a table anew. -#}
{% macro should_full_refresh() %}
    {%- set by_people = config.get('incremental_strategy') == 'replace_people' -%}
    {{ return(dbt.should_full_refresh() or (by_people and not only_gained())) }}
{% endmacro %}


{#- Whether the table differs by nothing but the rows of var('gained_dates') from what the invocation makes of it. -#}
{% macro only_gained() %}
    {%- set dates = event_dates() -%}
    {%- if not dates or dates != event_dates('gained_dates') or var('as_of') is not none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set note = adapter.get_relation(this.database, this.schema, code_note().identifier) -%}
    {{ return(note is not none and run_query('select code from ' ~ note).rows[0][0] == var('code')) }}
{% endmacro %}


{#- A model's post-hook: a view that tells by which code its table was made; null, which equals none, as of a given date. -#}
{% macro note_code() %}
    {%- set code = "'" ~ var('code') ~ "'" if var('code') and var('as_of') is none else 'null' -%}
    create or replace view {{ code_note() }} as
    select cast({{ code }} as varchar(65535)) as code
{% endmacro %}


{#- That view. It lies beside the table, as one transaction makes both, and its name says that it is dbt's own. -#}
{% macro code_note() %}
    {{ return(this.incorporate(path={'identifier': this.identifier ~ '__dbt_code'}, type='view')) }}
{% endmacro %}


{#- Condition: the row is of a person who is rebuilt, or of nobody. -#}
{% macro is_touched_person(identity_space, person) -%}
    ({{ person }} is null or ({{ identity_space }}, {{ person }}) in (
        select identity_space, person_id from {{ ref('int_touched_people') }}
    ))
{%- endmacro %}
