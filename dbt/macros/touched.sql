{#-
    What a run has to rebuild, more finely than by event date. Most dates that an invocation rebuilds have only gained
    rows: late ones. Of those, var('gained_dates'), the rows that came have arrived in the hours of
    var('gained_hours'), and only what these rows belong to has changed; of the others, whatever the date has.
-#}

{#-
    Condition: the row is of a date that is rebuilt whole, or `among`, one of the conditions below, says that it belongs
    to what other dates have gained. For `timestamp_column` see in_event_dates.
-#}
{% macro in_touched(among, date_column='event_date', timestamp_column=none) %}
    {%- set dates = event_dates() -%}
    {%- set gained = gained_dates() -%}
    {%- if dates is none or not gained -%}
        {{- in_dates(dates, date_column, timestamp_column) -}}
    {%- else -%}
        {%- set whole = dates | reject('in', set(gained)) | list -%}
        {%- if whole -%}(({{ in_dates(whole, date_column, timestamp_column) }}) or {% endif -%}
        ({{ among }}{{ within_days(gained, timestamp_column) }})
        {%- if whole -%}){%- endif -%}
    {%- endif -%}
{% endmacro %}


{#-
    Condition: the row is one that a date of var('gained_dates') gained in an hour of var('gained_hours').
    From the bounds a planner sees that these are few rows, which a long list does not tell.
-#}
{% macro is_gained(date_column='event_date') %}
    {{- in_dates(gained_dates(), date_column) }} and
    {%- set hours = var('gained_hours') -%}
    {%- if not hours %} 1 = 0
    {%- else %} arrival_hour >= cast('{{ iso_hour(hours | min) }}' as timestamptz)
        and arrival_hour <= cast('{{ iso_hour(hours | max) }}' as timestamptz)
        and arrival_hour in (
            {%- for hour in hours %}cast('{{ iso_hour(hour) }}' as timestamptz){{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- endif -%}
{% endmacro %}


{% macro iso_hour(value) %}
    {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:00:00[+]00:00', value | string) -%}
        {{ exceptions.raise_compiler_error("gained_hours: expected 'YYYY-MM-DD HH:00:00+00:00', found " ~ value) }}
    {%- endif -%}
    {{ return(value) }}
{% endmacro %}


{#-
    Condition: the row belongs to an event that was gained. `keys` names what tells that (stream and event_id, or
    identity_space and actor) and says what it is in the row; none of it may be null there.
-#}
{% macro is_touched(keys, date_column='event_date') -%}
    ({{ date_column }}, {{ keys.values() | join(', ') }}) in (
        select event_date, {{ keys | join(', ') }} from (
            select
                event_date, stream, event_id, identity_space,
                coalesce(user_id, anonymous_id, session_id) as actor
            from {{ ref('int_events') }}
            where {{ is_gained() }}
        ) as gained
    )
{%- endmacro %}


{#- The key of is_touched by which the rows of one actor are found, in any relation that has these columns. -#}
{% macro by_actor(ids=['user_id', 'anonymous_id', 'session_id']) %}
    {{ return({'identity_space': 'identity_space', 'actor': 'coalesce(' ~ ids | join(', ') ~ ')'}) }}
{% endmacro %}
