{#- Whole units that `part` equal parts of `parts` of a non-negative whole number are, rounded down, without overflow. -#}
{% macro share_of(whole, part, parts) %}{{ return(adapter.dispatch('share_of')(whole, part, parts)) }}{% endmacro %}

{% macro default__share_of(whole, part, parts) -%}
    {%- set product = 'cast(' ~ whole ~ ' as decimal(38,0)) * (' ~ part ~ ')' -%}
    cast(({{ product }} - mod({{ product }}, {{ parts }})) / ({{ parts }}) as decimal(38,0))
{%- endmacro %}

{% macro duckdb__share_of(whole, part, parts) -%}
    (cast({{ whole }} as hugeint) * ({{ part }}) // ({{ parts }}))
{%- endmacro %}
