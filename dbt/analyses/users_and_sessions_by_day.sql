-- How many people came to the storefront each day, and in how many sessions.
select event_date, users, sessions, events
from {{ ref('user_activity') }}
order by event_date
