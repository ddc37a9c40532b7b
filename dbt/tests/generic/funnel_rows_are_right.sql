{#-
    Fails for each row of the funnels that is wrong, and says why: steps are numbered 1, 2, … without gaps, up to
    `max_steps`; a funnel has one stream and one window; a condition names a column that there is, and a value.
-#}
{% test funnel_rows_are_right(model, max_steps) %}

with rows_of_funnels as (

    select
        rows_of_funnels.*,
        row_number() over (partition by funnel order by step) as expected_step,
        min(stream) over (partition by funnel) as expected_stream,
        min(window_days) over (partition by funnel) as expected_window
    from {{ model }} as rows_of_funnels

),

judged as (

    select
        funnel,
        step,
        case
            when funnel is null or stream is null or step is null or event_name is null
                then 'funnel, stream, step and event_name must have a value'
            when step <> expected_step then 'expected step ' || cast(expected_step as varchar(20))
            when step > {{ max_steps }} then 'expected at most {{ max_steps }} steps (funnel_max_steps)'
            when stream <> expected_stream then 'expected the funnel''s other stream, ' || expected_stream
            when window_days <> expected_window
                then 'expected the funnel''s other window_days, ' || cast(expected_window as varchar(20))
            when window_days < 1 then 'expected window_days from 1'
            when condition_column not in ('{{ condition_columns() | join("', '") }}')
                then 'expected condition_column to be one of {{ condition_columns() | join(", ") }}'
            when condition_column is null and condition_value is not null
                then 'expected a condition_column for the condition_value'
            when condition_column is not null and condition_value is null
                then 'expected a condition_value for the condition_column'
        end as problem
    from rows_of_funnels

)

select *
from judged
where problem is not null

{% endtest %}
