with events as (

    select max(event_date) as last_event_date from {{ ref('fct_events') }}

)

select
    {% if var('as_of') is none %}
    last_event_date as as_of
    {% else %}
    cast('{{ iso_date(var("as_of"), "as_of").isoformat() }}' as date) as as_of
    {% endif %}
from events
