{#-
    Which rows of an incremental model a run rebuilds. The model says so in its first line, and filters by `rebuilt()`:

        {{ rebuild_by('date') }}

        select … from {{ ref('stg_clickstream') }}
        where {{ rebuilt() }}

    A run first deletes the rebuilt rows from the table and then inserts the model's rows. So a row that silver has lost
    also leaves the table, and a run that failed can simply run again.

    - `'date'`: all rows of the event dates that changed. Choose this unless the model is large.
    - `'arrival'`, `'event'`, `'actor'`: the same, except for dates that only gained rows. On such a date a run rebuilds
      only the new rows (by `arrival_hour`), only the new events (by `stream` and `event_id`), or all events of the
      actors who have new events on that date (by `identity_space` and `actor`). So a few late events of many dates stay
      cheap.
    - `'person'`: all rows, on any date, of the people to whom a new event may belong (by `identity_space` and
      `person_id`), or of everybody if a date may have lost rows.

    The model's query and its table need these columns, and `event_date` for all kinds but `'person'`. Arguments give an
    expression where there is no such column: `rebuild_by('event', stream="'commerce'")`. `event_date` gives one for the
    table only: the query reads staging models or fct_events, which have that column.
-#}
{% macro rebuild_by(kind, event_date='event_date') %}
    {%- if kind == 'person' %}{% do ref('int_touched_people') %}{% endif -%}
    {%- if kind in ['event', 'actor'] %}{% do ref('fct_events') %}{% endif -%}
    {%- set rule = {'by': kind, 'key': rebuild_key(kind, kwargs), 'event_date': event_date} -%}
    {#- For rebuilt(): a unit test cannot read what config() was given. -#}
    {%- do model.update({'rebuild': rule}) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='replace_rebuilt',
        on_schema_change='fail',
        meta={'rebuild': rule},
    ) }}
{%- endmacro %}


{#- The expressions by which a kind finds its rows. A model may give others in their place. -#}
{% macro rebuild_key(kind, given) %}
    {%- set keys = {
        'date': {},
        'arrival': {},
        'event': {'stream': 'stream', 'event_id': 'event_id'},
        'actor': {'identity_space': 'identity_space', 'actor': actor_id()},
        'person': {'identity_space': 'identity_space', 'person_id': 'person_id'},
    } -%}
    {%- if kind not in keys -%}
        {{ exceptions.raise_compiler_error('rebuild_by: expected one of ' ~ keys | join(', ') ~ ', found ' ~ kind) }}
    {%- endif -%}
    {%- for name in given if name not in keys[kind] -%}
        {{ exceptions.raise_compiler_error("rebuild_by('" ~ kind ~ "') has no argument " ~ name) }}
    {%- endfor -%}
    {{ return(dict(keys[kind], **given)) }}
{% endmacro %}


{#-
    Condition: the run rebuilds the row; always true where the whole table is built. `event_at` names the raw timestamp,
    whose bounds let the warehouse skip files; none where the relation has no such column.
-#}
{% macro rebuilt(event_at='event_at') %}
    {%- if execute and is_incremental() -%}
        {{- is_rebuilt(model['rebuild'], 'event_date', event_at) -}}
    {%- else -%}
        1 = 1
    {%- endif -%}
{% endmacro %}


{#-
    Condition: the row shares columns with one of `rows`, which are rebuilt; always true where the whole table is built.
    A model needs it whose rows are made of several people's events, when only some of these people are rebuilt. Nulls
    share nothing; without the condition that leaves them out, DuckDB compares rows of several columns one by one.
-#}
{% macro shares_key(columns, rows) %}
    {%- if execute and is_incremental() -%}
        ({{ columns }}) in (
            select {{ columns }} from {{ rows }}
            where {{ columns | replace(', ', ' is not null and ') }} is not null
        )
    {%- else -%}
        1 = 1
    {%- endif -%}
{% endmacro %}


{#- The strategy of rebuild_by: delete the rebuilt rows, then insert the model's. -#}
{% macro get_incremental_replace_rebuilt_sql(arg_dict) %}
    {{ return(adapter.dispatch('replace_rebuilt')(arg_dict)) }}
{% endmacro %}

{% macro default__replace_rebuilt(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set rule = config.get('meta')['rebuild'] -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ is_rebuilt(rule, rule.event_date, stored=true) }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{#- Snowflake commits each statement by itself, unless a transaction is opened. -#}
{% macro snowflake__replace_rebuilt(arg_dict) %}
    {{ return(snowflake_dml_explicit_transaction(default__replace_rebuilt(arg_dict))) }}
{% endmacro %}


{#-
    Condition: the run rebuilds the row. `stored`: the row is in the model's own table. The kind 'event' finds new rows
    by their arrival hour, but stored rows by their key, as the table keeps no arrival hour.
-#}
{% macro is_rebuilt(rule, date, event_at=none, stored=false) %}
    {%- if rule.by == 'date' -%}
        {{- in_dates(event_dates(), date, event_at) -}}
    {%- elif rule.by == 'person' -%}
        {{- is_rebuilt_person(rule.key.identity_space, rule.key.person_id) -}}
    {%- elif rule.by == 'arrival' or (rule.by == 'event' and not stored) -%}
        {{- in_rebuilt_dates(is_new_row(date), date, event_at) -}}
    {%- else -%}
        {{- in_rebuilt_dates(has_new_rows(rule.key, date), date, event_at) -}}
    {%- endif -%}
{% endmacro %}


{#-
    Condition: the row has one of the run's event dates. If that date only gained rows, the row must also fulfil
    `of_new_rows`.
-#}
{% macro in_rebuilt_dates(of_new_rows, date='event_date', event_at=none) %}
    {%- set dates = event_dates() -%}
    {%- set gained = dates_with_new_rows() -%}
    {%- if dates is none or not gained -%}
        {{- in_dates(dates, date, event_at) -}}
    {%- else -%}
        {%- set others = dates | reject('in', set(gained)) | list -%}
        {%- if others -%}(({{ in_dates(others, date, event_at) }}) or {% endif -%}
        ({{ of_new_rows }}{{ within_days(gained, event_at) }})
        {%- if others -%}){%- endif -%}
    {%- endif -%}
{% endmacro %}


{#-
    Condition: the date only gained rows, and the row is one of them, by its arrival hour. The bounds tell the query
    planner that these are few rows; a long list alone does not.
-#}
{% macro is_new_row(date='event_date') %}
    {{- in_dates(dates_with_new_rows(), date) }} and
    {%- set hours = hours_of_new_rows() -%}
    {%- if not hours %} 1 = 0
    {%- else %} arrival_hour >= cast('{{ hours | first }}' as timestamptz)
        and arrival_hour <= cast('{{ hours | last }}' as timestamptz)
        and arrival_hour in (cast('{{ hours | join("' as timestamptz), cast('") }}' as timestamptz))
    {%- endif -%}
{% endmacro %}


{#-
    Condition: some new row has the same date and key. `key` maps columns of fct_events (and `actor`) to expressions
    over the row, none of which may be null.
-#}
{% macro has_new_rows(key, date='event_date') -%}
    ({{ date }}, {{ key.values() | join(', ') }}) in (
        select event_date, {{ key | join(', ') }} from (
            select event_date, stream, event_id, identity_space, {{ actor_id() }} as actor
            from {{ ref('fct_events') }}
            where {{ is_new_row() }}
        ) as new_rows
    )
{%- endmacro %}


{#- Condition: the row belongs to a person whom the run rebuilds, or to nobody. -#}
{% macro is_rebuilt_person(identity_space, person) -%}
    ({{ person }} is null or ({{ identity_space }}, {{ person }}) in (
        select identity_space, person_id from {{ ref('int_touched_people') }}
    ))
{%- endmacro %}
