{#- The number of the heartbeat that a time belongs to: whole heartbeats since 1970, as bigint. -#}
{% macro heartbeat_number(timestamp) -%}
    {%- set microseconds = epoch_microseconds(timestamp) -%}
    {%- set heartbeat = var('heartbeat_seconds') * 1000000 -%}
    cast(({{ microseconds }} - mod({{ microseconds }}, {{ heartbeat }})) / {{ heartbeat }} as bigint)
{%- endmacro %}


{#-
    Aggregate: the seconds that somebody was engaged with a page, from the heartbeats of its pings. The first ping comes
    after the minimum visit, and each later one stands for a heartbeat. Pings of one heartbeat count once.
-#}
{% macro engaged_seconds(heartbeat) -%}
    case
        when count({{ heartbeat }}) > 0
            then {{ var('heartbeat_seconds') }} * (count(distinct {{ heartbeat }}) - 1) + {{ var('minimum_visit_seconds') }}
        else 0
    end
{%- endmacro %}
