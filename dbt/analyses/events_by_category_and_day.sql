-- How many events each category had, day by day.
select event_date, category, events, page_views, add_to_carts, remove_from_carts, purchases
from {{ ref('category_performance') }}
order by event_date, category
