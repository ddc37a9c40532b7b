{#- Condition: the figures count the row. They leave out what bots did, unless var('count_bots') says otherwise. -#}
{% macro is_counted() -%}
    {{ '1 = 1' if var('count_bots') else 'not coalesce(is_bot, false)' }}
{%- endmacro %}
