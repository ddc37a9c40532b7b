{#-
    `whole * part / parts` of integers, rounded toward zero. `whole` has up to 25 digits, the others up to 12. The division
    takes two steps, so that no intermediate result has more than 38 digits: on Redshift the product of two decimals has
    the digits of both.
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

{#- (`whole` - `rest`) / `parts`, a division without a remainder. -#}
{% macro exact_quotient(whole, rest, parts) -%}
    cast(cast({{ whole }} - {{ rest }} as decimal(25,0)) / {{ parts }} as decimal(25,0))
{%- endmacro %}

{% macro duckdb__share_of(whole, part, parts) -%}
    (cast({{ whole }} as hugeint) * ({{ part }}) // ({{ parts }}))
{%- endmacro %}
