{#- Fails for each funnel whose steps are not numbered 1, 2, … without gaps, or are too many, or of several streams. -#}
{% test funnel_steps_are_numbered(model, max_steps) %}

select funnel
from {{ model }}
group by funnel
having min(step) <> 1
    or max(step) <> count(*)
    or max(step) > {{ max_steps }}
    or min(stream) <> max(stream)

{% endtest %}
