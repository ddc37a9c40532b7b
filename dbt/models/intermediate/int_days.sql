with bounds as (

    select min(event_date) as first_date, max(as_of) as as_of
    from {{ ref('fct_events') }}
    cross join {{ ref('int_as_of') }}

)

select {{ days_after('bounds.first_date', 'numbers.n') }} as event_date
from ({{ numbers(var('longest_history_days')) }}) as numbers
cross join bounds
where numbers.n <= {{ days_between('bounds.first_date', 'bounds.as_of') }}
