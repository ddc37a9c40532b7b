{#-
    The id of the purchase that an event belongs to: its order's id, else its own. The letter in front keeps an order id
    apart from an event id of the same text.
-#}
{% macro order_or_event_id() -%}
    coalesce('o' || order_id, 'e' || event_id)
{%- endmacro %}
