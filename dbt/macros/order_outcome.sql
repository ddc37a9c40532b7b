{#-
    What an event does to its order: `completed`, `reversed`, or null for neither. An event reverses the order if its name
    or its status is one of var('order_reversing_words'), and completes it if its name is one of
    var('order_completing_words'). Words are compared in lower case, with underscores for blanks, hyphens and dots, and
    with or without `order_` in front.
-#}
{% macro order_outcome(event_name, order_status) -%}
    case
        when {{ is_order_word(event_name, var('order_reversing_words')) }}
            or {{ is_order_word(order_status, var('order_reversing_words')) }} then 'reversed'
        when {{ is_order_word(event_name, var('order_completing_words')) }} then 'completed'
    end
{%- endmacro %}


{#- Condition: the name is that of an order event: it begins with `order_`, or is one of the words. -#}
{% macro is_order_event_name(event_name) -%}
    (
        left({{ plain_order_word(event_name) }}, 6) = 'order_'
        or {{ is_order_word(event_name, var('order_completing_words') + var('order_reversing_words') + refund_words()) }}
    )
{%- endmacro %}


{#- The words of a refund: var('order_refunding_words'), and the same with `partially_` in front. -#}
{% macro refund_words() %}
    {%- set words = var('order_refunding_words') -%}
    {{ return(words + partial_refund_words()) }}
{% endmacro %}

{% macro partial_refund_words() %}
    {%- set words = [] -%}
    {%- for word in var('order_refunding_words') %}{% do words.append('partially_' ~ word) %}{% endfor -%}
    {{ return(words) }}
{% endmacro %}


{#- Condition: a text is one of some words, with or without `order_` in front. -#}
{% macro is_order_word(text, words) -%}
    {{ plain_order_word(text) }} in (
        {%- for word in words -%}
            '{{ word }}', 'order_{{ word }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{#- A text in lower case, with underscores for blanks, hyphens and dots. -#}
{% macro plain_order_word(text) -%}
    translate(lower(trim({{ text }})), ' -.', '___')
{%- endmacro %}
