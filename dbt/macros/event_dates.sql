{#- The event dates that the run rebuilds, as 'YYYY-MM-DD' in order; none means every date. -#}
{% macro event_dates() %}{{ return(iso_dates(var('event_dates'), 'event_dates')) }}{% endmacro %}


{#- Those of them that only gained rows. -#}
{% macro dates_with_new_rows() %}
    {{ return(iso_dates(var('dates_with_new_rows'), 'dates_with_new_rows')) }}
{% endmacro %}


{#- The arrival hours of these rows, as 'YYYY-MM-DD HH:00:00+00:00' in order. -#}
{% macro hours_of_new_rows() %}
    {%- set hour = '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:00:00[+]00:00' -%}
    {{ return(texts_in_order(var('hours_of_new_rows'), hour, 'YYYY-MM-DD HH:00:00+00:00', 'hours_of_new_rows')) }}
{% endmacro %}


{#- A list of 'YYYY-MM-DD' (or YAML dates) as texts in order. none stays none. -#}
{% macro iso_dates(given, var_name) %}
    {{ return(texts_in_order(given, '[0-9]{4}-[0-9]{2}-[0-9]{2}', 'YYYY-MM-DD', var_name)) }}
{% endmacro %}


{#-
    A list as distinct texts in order. none stays none. Any other value, and any text that does not match `pattern`, is
    an error that names the var. One match checks the whole list: every model calls this, and there may be thousands of
    dates.
-#}
{% macro texts_in_order(given, pattern, example, var_name) %}
    {%- if given is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set expected = var_name ~ ": expected a list of '" ~ example ~ "'" -%}
    {%- if given is string or given is mapping -%}
        {{ exceptions.raise_compiler_error(expected ~ ' or null, found ' ~ given) }}
    {%- endif -%}
    {%- set texts = given | map('string') | unique | sort -%}
    {%- set listed = texts | join(',') -%}
    {%- if texts and not modules.re.fullmatch(pattern ~ '(,' ~ pattern ~ ')*', listed) -%}
        {{ exceptions.raise_compiler_error(expected ~ ', found ' ~ listed) }}
    {%- endif -%}
    {{ return(texts) }}
{% endmacro %}


{#- One 'YYYY-MM-DD' (or YAML date) as a datetime.date. Anything else is an error that names the var. -#}
{% macro iso_date(value, var_name) %}
    {%- set text = value | string -%}
    {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', text) -%}
        {{ exceptions.raise_compiler_error(var_name ~ ": expected 'YYYY-MM-DD', found " ~ text) }}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text, '%Y-%m-%d').date()) }}
{% endmacro %}


{#-
    Condition: `date` is one of `dates`, a sorted list; none means every date. `event_at` adds bounds on the raw
    timestamp: the warehouse can skip files by these bounds, but not by a computed date.
-#}
{% macro in_dates(dates, date, event_at=none) %}
    {%- if dates is none -%}
        1 = 1
    {%- elif dates | length == 0 -%}
        1 = 0
    {%- else -%}
        {{ date }} in (cast('{{ dates | join("' as date), cast('") }}' as date))
        {{- within_days(dates, event_at) -}}
    {%- endif -%}
{% endmacro %}


{#-
    A further condition: `event_at` is between the first and the last of the sorted dates. Empty if `event_at` is none.
-#}
{% macro within_days(dates, event_at) -%}
    {%- if event_at %}
        {%- set day_after = iso_date(dates[-1], 'event_dates') + modules.datetime.timedelta(days=1) %}
        and {{ event_at }} >= cast('{{ dates[0] }} 00:00:00+00:00' as timestamptz)
        and {{ event_at }} < cast('{{ day_after.isoformat() }} 00:00:00+00:00' as timestamptz)
    {%- endif -%}
{%- endmacro %}


{#-
    A data test says `where: __event_dates__` to look only at the event dates that the run rebuilds. A test of events
    says `where: __rebuilt_events__`: on a date that only gained rows, it looks only at keys that have a new row, and at
    all rows of these keys. So it finds a new row that repeats an older one.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set condition = where | replace('__event_dates__', in_dates(event_dates(), 'event_date')) -%}
    {%- if '__rebuilt_events__' in where -%}
        {%- set rebuilt_events = in_rebuilt_dates(has_new_rows({'stream': 'stream', 'event_id': 'event_id'})) -%}
        {%- set condition = condition | replace('__rebuilt_events__', rebuilt_events) -%}
    {%- endif -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ condition ~ ') as dbt_subquery') }}
{%- endmacro %}
