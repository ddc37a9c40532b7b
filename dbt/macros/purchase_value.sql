{#-
    Aggregate: the value of a purchase from its events. It is that of the latest conversion, which has place 1; or, if
    each conversion is one line of the purchase, the sum of the lines. `is_sale`: the condition for a conversion.
-#}
{% macro purchase_value(value, place_from_last, is_sale) -%}
    cast(
        case
            when max(case when {{ is_sale }} and not is_order_line then 1 else 0 end) = 1
                then max(case when {{ is_sale }} and {{ place_from_last }} = 1 then {{ value }} end)
            else sum(case when {{ is_sale }} then {{ value }} end)
        end as decimal(38,6)
    )
{%- endmacro %}
