-- The ten products viewed most often, and what was sold of them.
select place, product_id, views, add_to_carts, purchases, currency, revenue
from {{ ref('top_products') }}
where category = 'all'
order by currency, place
