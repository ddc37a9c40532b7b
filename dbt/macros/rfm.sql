{#-
    RFM: each customer's recency (days since the last order), frequency (orders) and monetary (value of the orders),
    compared with those of the other customers. The scores use cume_dist() and not ntile(), so that equal values score
    the same. Method: Miglautsch (2000), "Thoughts on RFM scoring".
-#}

{#-
    Three columns, recency_place, frequency_place and monetary_place: the share of a group's customers who are at most
    as good. `group_by` names the columns of the group. The monetary comparison leaves out customers whose value is
    unknown.
-#}
{% macro rfm_places(group_by) -%}
    cume_dist() over (partition by {{ group_by }} order by recency desc) as recency_place,
    cume_dist() over (partition by {{ group_by }} order by frequency) as frequency_place,
    cume_dist() over (
        partition by {{ group_by }}, case when monetary is null then 0 else 1 end order by monetary
    ) as monetary_place
{%- endmacro %}


{#- Three columns, recency_score, frequency_score and monetary_score, from the columns of rfm_places(). -#}
{% macro rfm_scores() -%}
    {{ rfm_score('recency_place') }} as recency_score,
    {{ rfm_score('frequency_place') }} as frequency_score,
    case when monetary is not null then {{ rfm_score('monetary_place') }} end as monetary_score
{%- endmacro %}


{#- The part of a place, such as its quintile: from 1 to var('rfm_parts'), which is best. -#}
{% macro rfm_score(place) -%}
    {%- set parts = var('rfm_parts') -%}
    case
        {%- for part in range(1, parts + 1) %}
        when {{ place }} <= {{ part / parts }} then {{ part }}
        {%- endfor %}
    end
{%- endmacro %}


{#- The three tiers in one text, such as High-Low-Medium; null if one of the values is null. -#}
{% macro rfm_tier(recency, frequency, monetary) -%}
    {{ recency_tier(recency) }} || '-' || {{ frequency_tier(frequency) }} || '-' || {{ monetary_tier(monetary) }}
{%- endmacro %}


{#- The tier of recency (days), frequency (orders) or monetary (value); null for null. -#}
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


{#- The segment of a customer by the number of completed orders; null for none. -#}
{% macro customer_segment(orders) -%}
    case
        when {{ orders }} > {{ var('vip_orders') }} then 'VIP'
        when {{ orders }} >= {{ var('loyal_orders') }} then 'Loyal'
        when {{ orders }} > 0 then 'New'
    end
{%- endmacro %}


{#- Condition: a customer is active, by the days since the last order. -#}
{% macro is_active_customer(recency) -%}
    {{ recency }} <= {{ var('active_days') }}
{%- endmacro %}
