{#- The UTC calendar date of a timestamp with time zone, whatever the session's time zone. -#}
{% macro utc_date(timestamp) %}{{ return(adapter.dispatch('utc_date')(timestamp)) }}{% endmacro %}

{% macro default__utc_date(timestamp) -%}
    cast({{ timestamp }} at time zone 'UTC' as date)
{%- endmacro %}

{#- Faster than a conversion between time zones, which takes as long as reading the column. -#}
{% macro duckdb__utc_date(timestamp) -%}
    cast(make_timestamp(epoch_us({{ timestamp }})) as date)
{%- endmacro %}

{% macro snowflake__utc_date(timestamp) -%}
    cast(convert_timezone('UTC', {{ timestamp }}) as date)
{%- endmacro %}


{#- Microseconds since 1970-01-01 00:00 UTC, exact, as bigint. -#}
{% macro epoch_microseconds(timestamp) %}{{ return(adapter.dispatch('epoch_microseconds')(timestamp)) }}{% endmacro %}

{% macro default__epoch_microseconds(timestamp) -%}
    datediff(microsecond, cast('1970-01-01 00:00:00+00:00' as timestamptz), {{ timestamp }})
{%- endmacro %}

{% macro duckdb__epoch_microseconds(timestamp) -%}
    epoch_us({{ timestamp }})
{%- endmacro %}

{% macro snowflake__epoch_microseconds(timestamp) -%}
    date_part(epoch_microsecond, {{ timestamp }})
{%- endmacro %}


{#- Whole seconds from one timestamp to another, rounded down; datediff would count the boundaries between seconds. -#}
{% macro whole_seconds_between(first, last) -%}
    cast(floor(({{ epoch_microseconds(last) }} - {{ epoch_microseconds(first) }}) / 1000000) as bigint)
{%- endmacro %}


{#- Condition: `last` is more than `seconds` after `first`; exactly `seconds` is not more. -#}
{% macro is_later_by_more_than(first, last, seconds) -%}
    {{ last }} > {{ dbt.dateadd('second', seconds, first) }}
{%- endmacro %}
