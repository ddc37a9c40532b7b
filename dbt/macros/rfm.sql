{#- Quintile, 5 best, of a place given by cume_dist: equal values have equal places and so equal scores. -#}
{% macro rfm_score(place) -%}
    case
        when {{ place }} <= 0.2 then 1
        when {{ place }} <= 0.4 then 2
        when {{ place }} <= 0.6 then 3
        when {{ place }} <= 0.8 then 4
        when {{ place }} <= 1 then 5
    end
{%- endmacro %}


{#- Tiers of recency (days), frequency (orders) and monetary (value); null for null. -#}
{% macro recency_tier(recency) -%}
    case
        when {{ recency }} <= {{ var('recency_high_days') }} then 'High'
        when {{ recency }} <= {{ var('recency_medium_days') }} then 'Medium'
        when {{ recency }} is not null then 'Low'
    end
{%- endmacro %}

{% macro frequency_tier(frequency) -%}
    case
        when {{ frequency }} >= {{ var('frequency_high_orders') }} then 'High'
        when {{ frequency }} >= {{ var('frequency_medium_orders') }} then 'Medium'
        when {{ frequency }} is not null then 'Low'
    end
{%- endmacro %}

{% macro monetary_tier(monetary) -%}
    case
        when {{ monetary }} >= {{ var('monetary_high_value') }} then 'High'
        when {{ monetary }} >= {{ var('monetary_medium_value') }} then 'Medium'
        when {{ monetary }} is not null then 'Low'
    end
{%- endmacro %}


{#- Segment of a customer by the number of completed orders; null for none. -#}
{% macro customer_segment(orders) -%}
    case
        when {{ orders }} > {{ var('vip_orders') }} then 'VIP'
        when {{ orders }} >= {{ var('loyal_orders') }} then 'Loyal'
        when {{ orders }} > 0 then 'New'
    end
{%- endmacro %}
