{#- Bytes as lower-case hexadecimal text. -#}
{% macro hex_text(bytes) %}{{ return(adapter.dispatch('hex_text')(bytes)) }}{% endmacro %}

{% macro default__hex_text(bytes) -%}
    lower(to_hex({{ bytes }}))
{%- endmacro %}

{% macro snowflake__hex_text(bytes) -%}
    lower(hex_encode({{ bytes }}))
{%- endmacro %}


{#- Text as money, rounded to the cent; null for text that is no such number. -#}
{% macro money(text) %}{{ return(adapter.dispatch('money')(text)) }}{% endmacro %}

{% macro default__money(text) -%}
    try_cast({{ text }} as decimal(18,2))
{%- endmacro %}

{% macro redshift__money(text) -%}
    case when {{ text }} ~ '^-?[0-9]{1,16}([.][0-9]+)?$' then cast({{ text }} as decimal(18,2)) end
{%- endmacro %}
