{#-
    Incremental strategy `replace_dates`: all rows of the dates in var('event_dates') leave the target, and the
    model's rows for those dates enter it. A date that no longer has rows becomes empty, which delete+insert by
    key would miss: it deletes only what the new rows name. With event_dates null every date is replaced.
    The model must produce rows of those dates only, and have a column event_date or say in `meta.event_date` how the
    date of a row is computed from its columns.
-#}
{% macro get_incremental_replace_dates_sql(arg_dict) %}
    {{ return(adapter.dispatch('replace_dates')(arg_dict)) }}
{% endmacro %}

{% macro default__replace_dates(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ in_event_dates(config.get('meta', {}).get('event_date', 'event_date')) }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{#- Snowflake commits each statement of its own accord: only an explicit transaction makes the two one. -#}
{% macro snowflake__replace_dates(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_dates(arg_dict))) }}
{% endmacro %}
