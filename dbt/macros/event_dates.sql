{#- The dates that the invocation rebuilds, as 'YYYY-MM-DD' in order; none for every date. -#}
{% macro event_dates() %}{{ return(iso_dates(var('event_dates'), 'event_dates')) }}{% endmacro %}


{#- Those of them that have only gained rows. -#}
{% macro gained_dates() %}{{ return(iso_dates(var('gained_dates'), 'gained_dates')) }}{% endmacro %}


{#-
    A list of 'YYYY-MM-DD' (or YAML dates) as texts in order; none stays none. Anything else is an error that names the
    var. All are checked at once, as this is called for every model and there may be thousands of dates.
-#}
{% macro iso_dates(given, var_name) %}
    {%- if given is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if given is string or given is mapping -%}
        {{ exceptions.raise_compiler_error(var_name ~ ": expected a list of 'YYYY-MM-DD' or null, found " ~ given) }}
    {%- endif -%}
    {%- set dates = given | map('string') | unique | sort -%}
    {%- set listed = dates | join(',') -%}
    {%- if dates and not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}(,[0-9]{4}-[0-9]{2}-[0-9]{2})*', listed) -%}
        {{ exceptions.raise_compiler_error(var_name ~ ": expected a list of 'YYYY-MM-DD', found " ~ listed) }}
    {%- endif -%}
    {{ return(dates) }}
{% endmacro %}


{#- One 'YYYY-MM-DD' (or YAML date) as a datetime.date; anything else is an error that names the var. -#}
{% macro iso_date(value, var_name) %}
    {%- set text = value | string -%}
    {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', text) -%}
        {{ exceptions.raise_compiler_error(var_name ~ ": expected 'YYYY-MM-DD', found " ~ text) }}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text, '%Y-%m-%d').date()) }}
{% endmacro %}


{#-
    Condition: `date_column` is one of var('event_dates').
    `timestamp_column` adds bounds on the raw timestamp, which prune files and row groups where a computed date cannot.
-#}
{% macro in_event_dates(date_column, timestamp_column=none) %}
    {{- in_dates(event_dates(), date_column, timestamp_column) -}}
{% endmacro %}


{#- The same condition for any dates; none stands for every date. -#}
{% macro in_dates(dates, date_column, timestamp_column=none) %}
    {%- if dates is none -%}
        1 = 1
    {%- elif dates | length == 0 -%}
        1 = 0
    {%- else -%}
        {{ date_column }} in (cast('{{ dates | join("' as date), cast('") }}' as date))
        {{- within_days(dates, timestamp_column) -}}
    {%- endif -%}
{% endmacro %}


{#- The bounds that dates, in order, set on a raw timestamp, as a further condition; nothing without such a column. -#}
{% macro within_days(dates, timestamp_column) -%}
    {%- if timestamp_column %}
        {%- set day_after = iso_date(dates[-1], 'event_dates') + modules.datetime.timedelta(days=1) %}
        and {{ timestamp_column }} >= cast('{{ dates[0] }} 00:00:00+00:00' as timestamptz)
        and {{ timestamp_column }} < cast('{{ day_after.isoformat() }} 00:00:00+00:00' as timestamptz)
    {%- endif -%}
{%- endmacro %}


{#-
    Data tests say `where: __event_dates__` to look only at the dates that an invocation rebuilds, or, of events,
    `where: __touched_events__`: of dates that have only gained rows, at events that these rows are of, which finds
    what they do twice.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set condition = where | replace('__event_dates__', in_event_dates('event_date')) -%}
    {%- if '__touched_events__' in where -%}
        {%- set touched = in_touched(is_touched({'stream': 'stream', 'event_id': 'event_id'})) -%}
        {%- set condition = condition | replace('__touched_events__', touched) -%}
    {%- endif -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ condition ~ ') as dbt_subquery') }}
{%- endmacro %}
