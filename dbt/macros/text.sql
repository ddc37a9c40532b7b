{#- Bytes as lower-case hexadecimal text. -#}
{% macro hex_text(bytes) %}{{ return(adapter.dispatch('hex_text')(bytes)) }}{% endmacro %}

{% macro default__hex_text(bytes) -%}
    lower(to_hex({{ bytes }}))
{%- endmacro %}

{% macro snowflake__hex_text(bytes) -%}
    lower(hex_encode({{ bytes }}))
{%- endmacro %}
