{{ rebuild_by('event', stream="'commerce'") }}

select
    event_date,
    user_id as customer_id,
    event_at,
    event_id,
    customer_email,
    country
from {{ ref('stg_commerce') }}
where user_id is not null
    and (customer_email is not null or country is not null)
    and {{ rebuilt() }}
