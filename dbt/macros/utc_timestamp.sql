{#- A timestamp with time zone as a timestamp without one, in UTC. -#}
{% macro utc_timestamp(timestamp) %}{{ return(adapter.dispatch('utc_timestamp')(timestamp)) }}{% endmacro %}

{% macro default__utc_timestamp(timestamp) -%}
    ({{ timestamp }} at time zone 'UTC')
{%- endmacro %}

{% macro snowflake__utc_timestamp(timestamp) -%}
    cast(convert_timezone('UTC', {{ timestamp }}) as timestamp)
{%- endmacro %}
