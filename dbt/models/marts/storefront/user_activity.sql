with days as (

    select * from {{ ref('int_storefront_days') }}
    where {{ up_to_as_of() }}

)

select event_date, users, sessions, events
from days
