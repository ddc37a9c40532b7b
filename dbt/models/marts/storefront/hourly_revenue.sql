with hours as (

    select * from {{ ref('int_purchase_hours') }}
    where {{ up_to_as_of() }}

)

select
    hour_at,
    event_date,
    currency,
    transactions,
    units_sold,
    {{ shown_amount('revenue', 'currency') }} as revenue
from hours
