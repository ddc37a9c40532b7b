{#-
    The config of a model of what people did in all their history, made again for some of them. All rows of whom an
    invocation rebuilds leave the target, and the model's rows of the same enter it; the model has to select by
    is_touched_person then. `person` says whose a row is, as a person's id or what stands for one, and `identity_space`
    the space of it, both as expressions over its columns.
    Everybody is rebuilt where more than gained rows may have changed something: where a date is rebuilt whole, and where
    the table was made with other code (should_full_refresh).
-#}
{% macro by_person(person, identity_space='identity_space') %}
    {%- do ref('int_touched_people') -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='replace_people',
        on_schema_change='fail',
        meta={'person': person, 'identity_space': identity_space},
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


{#- Condition: the row is of a person who is rebuilt, or of nobody. -#}
{% macro is_touched_person(identity_space, person) -%}
    ({{ person }} is null or ({{ identity_space }}, {{ person }}) in (
        select identity_space, person_id from {{ ref('int_touched_people') }}
    ))
{%- endmacro %}
