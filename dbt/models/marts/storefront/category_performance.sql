with days as (

    select * from {{ ref('int_product_event_days') }}
    where {{ up_to_as_of() }}

)

select
    event_date,
    coalesce(category, 'none') as category,
    cast(sum(events) as bigint) as events,
    {% for name in ['page_views', 'searches', 'add_to_carts', 'remove_from_carts', 'purchases'] -%}
    cast(sum({{ name }}) as bigint) as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from days
group by event_date, coalesce(category, 'none')
