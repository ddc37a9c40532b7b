{#-
    Incremental strategy `replace_touched`: all rows of what an invocation rebuilds leave the target, and the model's
    rows of the same enter it. What no longer has rows becomes empty, which delete+insert by key would miss: it deletes
    only what the new rows name. The model must produce rows of just that, and have a column event_date or say in
    `meta.event_date` how the date of a row is computed from its columns.
    Whole event dates are replaced unless `meta.touched` says which rows of a date that has only gained some belong to
    those: keys of is_touched, or true where the model keeps the arrival hour. It has to select by in_touched then.
-#}
{% macro get_incremental_replace_touched_sql(arg_dict) %}
    {{ return(adapter.dispatch('replace_touched')(arg_dict)) }}
{% endmacro %}

{% macro default__replace_touched(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set date = meta.get('event_date', 'event_date') -%}
    {%- set touched = meta.get('touched') -%}
    delete from {{ arg_dict['target_relation'] }}
    {% if touched -%}
    where {{ in_touched(is_touched(touched, date) if touched is mapping else is_gained(date), date) }};
    {%- else -%}
    where {{ in_event_dates(date) }};
    {%- endif %}

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{#- Snowflake commits each statement of its own accord: only an explicit transaction makes the two one. -#}
{% macro snowflake__replace_touched(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_touched(arg_dict))) }}
{% endmacro %}
