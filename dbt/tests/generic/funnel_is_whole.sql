{#- Fails for every funnel whose steps are not 1, 2, … without holes, are too many, or are of several streams. -#}
{% test funnel_is_whole(model, max_steps) %}

select funnel
from {{ model }}
group by funnel
having min(step) <> 1
    or max(step) <> count(*)
    or max(step) > {{ max_steps }}
    or min(stream) <> max(stream)

{% endtest %}
