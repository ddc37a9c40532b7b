{#-
    Aggregate: the value of a purchase from its conversions. It is that of the latest one, which has place 1; or, if each
    conversion is one line of the purchase, the sum of the lines. `is_sale`: a condition for the rows that count.
-#}
{% macro purchase_value(value, place_from_last, is_sale='1 = 1') -%}
    cast(
        case
            when max(case when {{ is_sale }} and not is_order_line then 1 else 0 end) = 1
                then max(case when {{ is_sale }} and {{ place_from_last }} = 1 then {{ value }} end)
            else sum(case when {{ is_sale }} then {{ value }} end)
        end as decimal(38,6)
    )
{%- endmacro %}
