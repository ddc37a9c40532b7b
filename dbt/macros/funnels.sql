{#- The columns of fct_events that a step of a funnel may set a condition on. All hold text. -#}
{% macro condition_columns() %}
    {{ return([
        'action', 'app_id', 'category', 'channel', 'city', 'country', 'device_platform', 'entity_id', 'order_status',
        'page_host', 'page_path', 'page_title', 'payment_method', 'product_id', 'search_query', 'view_id',
    ]) }}
{% endmacro %}


{#-
    Condition: the event of `events` has the value that a step of a funnel asks for. `column` and `value` are expressions:
    the name of a column, and its value. A value that ends in `*` stands for all that begin with what is before it. A step
    without a column asks for nothing.
-#}
{% macro fulfils_condition(events, column, value) -%}
    {%- set found -%}
        case {{ column }}
            {%- for name in condition_columns() %} when '{{ name }}' then {{ events }}.{{ name }}{% endfor %} end
    {%- endset -%}
    (
        {{ column }} is null
        or {{ found }} = {{ value }}
        or (
            right({{ value }}, 1) = '*'
            and left({{ found }}, length({{ value }}) - 1) = left({{ value }}, length({{ value }}) - 1)
        )
    )
{%- endmacro %}


{#-
    A set of steps is one integer, to which step n adds 2 to the power of n - 1.
    Condition: the set has the step.
-#}
{% macro has_step(steps, step) -%}
    mod({{ steps }}, {{ 2 ** step }}) >= {{ 2 ** (step - 1) }}
{%- endmacro %}


{#- Condition: two sets of steps have a step in common. -#}
{% macro have_common_step(steps, other_steps) -%}
    (
        {%- for step in range(1, var('funnel_max_steps') + 1) -%}
        ({{ has_step(steps, step) }} and {{ has_step(other_steps, step) }}){{ ' or ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{#-
    A query of all sets of steps: `steps`, the number of them in `size`, and the first and the last of them.
-#}
{% macro sets_of_steps() -%}
    {%- for steps in range(1, 2 ** var('funnel_max_steps')) -%}
        {%- set members = [] -%}
        {%- for step in range(1, var('funnel_max_steps') + 1) if (steps // 2 ** (step - 1)) % 2 -%}
            {%- do members.append(step) -%}
        {%- endfor -%}
        select {{ steps }} as steps, {{ members | length }} as size, {{ members[0] }} as first_step, {{ members[-1] }} as last_step
        {{- ' union all ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
