{#- A query of the integers from 0 to `limit` - 1, in a column `n`. -#}
{% macro numbers(limit) -%}
    {%- set places = range((limit - 1) | string | length) | list -%}
    {%- set parts = [] -%}
    {%- for place in places -%}
        {%- do parts.append((10 ** place) ~ ' * digits_' ~ place ~ '.digit') -%}
    {%- endfor -%}
    select {{ parts | join(' + ') }} as n
    from
        {% for place in places -%}
        (
            {%- for digit in range(10) -%}
            select {{ digit }} as digit{{ ' union all ' if not loop.last }}
            {%- endfor -%}
        ) as digits_{{ place }}
        {{ 'cross join' if not loop.last }}
        {% endfor -%}
    where {{ parts | join(' + ') }} < {{ limit }}
{%- endmacro %}
