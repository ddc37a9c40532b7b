{#-
    What an event decides about its order: `completed`, `reversed`, or null for nothing. An event reverses an order when
    its name or its status says one of var('order_reversing_words'), and completes it when its name says one of
    var('order_completing_words'). A name says a word with or without `order_` in front. Case does not matter, and
    a blank, a hyphen or a dot stands for an underscore.
-#}
{% macro order_outcome(event_name, order_status) -%}
    case
        when {{ says_order_word(event_name, var('order_reversing_words')) }}
            or {{ says_order_word(order_status, var('order_reversing_words')) }} then 'reversed'
        when {{ says_order_word(event_name, var('order_completing_words')) }} then 'completed'
    end
{%- endmacro %}


{#- Condition: an event's name is that of an event of an order: it begins with `order_`, or is one of the words. -#}
{% macro is_order_event_name(event_name) -%}
    (
        left({{ plain_order_word(event_name) }}, 6) = 'order_'
        or {{ says_order_word(event_name, var('order_completing_words')) }}
        or {{ says_order_word(event_name, var('order_reversing_words')) }}
    )
{%- endmacro %}


{#- Condition: a text says one of some words. -#}
{% macro says_order_word(text, words) -%}
    {{ plain_order_word(text) }} in (
        {%- for word in words -%}
            '{{ word }}', 'order_{{ word }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{#- A text in lower case, with underscores for other marks between its words. -#}
{% macro plain_order_word(text) -%}
    translate(lower(trim({{ text }})), ' -.', '___')
{%- endmacro %}
