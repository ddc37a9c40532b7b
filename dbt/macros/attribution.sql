{#-
    Attribution models as whole numbers of equal parts of a purchase, from what a channel has of its touchpoints:
    `touchpoints` of `all_touchpoints`, and whether the first and the last one are among them (`is_first`, `is_last`,
    1 or 0). Position-based is 40/20/40, the 20 shared by those in between; two share alike, and one has all.
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
    What a channel gets of a whole number of units: what the channels up to it get together, rounded down, minus what
    those before it get. So the credits of a purchase always sum to the whole. A model of one part gives all to one.
-#}
{% macro attribution_credit(model, whole) -%}
    {%- if attribution_models()[model]['of'] == '1' -%}
    case when {{ model }}_parts = 1 then {{ whole }} when {{ whole }} is not null then 0 end
    {%- else -%}
    {{ share_of(whole, model ~ '_up_to', model ~ '_of') }}
    - {{ share_of(whole, '(' ~ model ~ '_up_to - ' ~ model ~ '_parts)', model ~ '_of') }}
    {%- endif -%}
{%- endmacro %}
