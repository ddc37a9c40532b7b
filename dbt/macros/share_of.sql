{#-
    Whole units that `part` equal parts of `parts` of a whole number are, rounded toward zero. The whole has up to 25
    digits, the numbers of parts up to 12, and no intermediate result has more than 38: a division in two steps, as in
    `whole * part` on Redshift the digits of both types add up.
-#}
{% macro share_of(whole, part, parts) %}{{ return(adapter.dispatch('share_of')(whole, part, parts)) }}{% endmacro %}

{% macro default__share_of(whole, part, parts) -%}
    {%- set whole = 'cast(' ~ whole ~ ' as decimal(25,0))' -%}
    {%- set part = 'cast(' ~ part ~ ' as decimal(12,0))' -%}
    {%- set parts = 'cast(' ~ parts ~ ' as decimal(12,0))' -%}
    {%- set rest = 'cast(mod(' ~ whole ~ ', ' ~ parts ~ ') as decimal(12,0))' -%}
    {%- set rest_of_part = '(' ~ rest ~ ' * ' ~ part ~ ')' -%}
    (
        cast({{ exact_quotient(whole, rest, parts) }} * {{ part }} as decimal(25,0))
        + {{ exact_quotient(rest_of_part, 'mod(' ~ rest_of_part ~ ', ' ~ parts ~ ')', parts) }}
    )
{%- endmacro %}

{#- A whole number without what a division leaves over, divided. -#}
{% macro exact_quotient(whole, rest, parts) -%}
    cast(cast({{ whole }} - {{ rest }} as decimal(25,0)) / {{ parts }} as decimal(25,0))
{%- endmacro %}

{% macro duckdb__share_of(whole, part, parts) -%}
    (cast({{ whole }} as hugeint) * ({{ part }}) // ({{ parts }}))
{%- endmacro %}
