{#- Columns of a staging model: when an event happened and arrived, and who did it. Silver has these of every stream. -#}
{% macro envelope() -%}
event_at,
{{ utc_date('event_at') }} as event_date,
_arrival_hour as arrival_hour,
user_id,
anonymous_id,
session_id,
device_platform
{%- endmacro %}
