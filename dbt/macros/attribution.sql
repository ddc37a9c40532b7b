{#-
    The attribution models. Each gives a channel's share of a purchase as `parts` / `of`, two integers. They are
    computed from the number of the channel's `touchpoints`, the number of the purchase's touchpoints
    (`all_touchpoints`), and whether the channel has the first and the last of them (`is_first`, `is_last`: 1 or 0).
    Position-based is 40/20/40, where those in between share the 20. Two touchpoints get half each, one gets everything.
-#}
{% macro attribution_models() %}
    {{ return({
        'first_touch': {'parts': 'is_first', 'of': '1'},
        'last_touch': {'parts': 'is_last', 'of': '1'},
        'linear': {'parts': 'touchpoints', 'of': 'all_touchpoints'},
        'position_based': {
            'parts': 'case when all_touchpoints <= 2 then touchpoints'
                ~ ' else (is_first + is_last) * 2 * (all_touchpoints - 2) + touchpoints - is_first - is_last end',
            'of': 'case when all_touchpoints <= 2 then all_touchpoints else 5 * (all_touchpoints - 2) end',
        },
    }) }}
{% endmacro %}


{#-
    A channel's credit, from a whole number of units. It is the running total of the channels up to this one, rounded
    down, minus the running total before it, also rounded down. So the credits of a purchase always sum to all of its
    units. A model with one part gives everything to one channel.
-#}
{% macro attribution_credit(model, units) -%}
    {%- if attribution_models()[model]['of'] == '1' -%}
    case when {{ model }}_parts = 1 then {{ units }} when {{ units }} is not null then 0 end
    {%- else -%}
    {{ share_of(units, model ~ '_up_to', model ~ '_of') }}
    - {{ share_of(units, '(' ~ model ~ '_up_to - ' ~ model ~ '_parts)', model ~ '_of') }}
    {%- endif -%}
{%- endmacro %}
