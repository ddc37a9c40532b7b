{#-
    Who did the events of `rows`: the user id, else the user that the anonymous id stands for, else the anonymous id;
    null for nobody. The query also needs join_identities(rows).
-#}
{% macro stitched_id(rows) -%}
    coalesce({{ rows }}.user_id, identities.user_id, {{ rows }}.anonymous_id)
{%- endmacro %}


{#- The join that finds the user that an anonymous id stands for. -#}
{% macro join_identities(rows) -%}
    left join {{ ref('int_identities') }} as identities
        on {{ rows }}.identity_space = identities.identity_space
        and {{ rows }}.anonymous_id = identities.anonymous_id
{%- endmacro %}


{#- The actor of an event: its first id that is not null, as sent. Give `ids` if the table keeps only some of them. -#}
{% macro actor_id(ids=['user_id', 'anonymous_id', 'session_id']) %}
    {{ return('coalesce(' ~ ids | join(', ') ~ ')') }}
{% endmacro %}
