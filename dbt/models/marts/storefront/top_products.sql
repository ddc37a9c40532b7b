with days as (

    select * from {{ ref('int_product_event_days') }}
    where product_id is not null
        and {{ up_to_as_of() }}

),

products as (

    -- In `all` a product of several categories counts once.
    {% for category in ["'all'", 'category'] %}
    select
        {{ category }} as category,
        product_id,
        currency,
        cast(sum(page_views) as bigint) as views,
        cast(sum(add_to_carts) as bigint) as add_to_carts,
        cast(sum(purchases) as bigint) as purchases,
        cast(sum(units_sold) as bigint) as units_sold,
        {{ shown_amount('sum(revenue)', 'currency') }} as revenue
    from days
    group by {{ 'category, ' if not loop.first }}product_id, currency
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

ranked as (

    select
        products.*,
        row_number() over (partition by category, currency order by views desc, product_id) as place
    from products

)

select
    category,
    currency,
    place,
    product_id,
    views,
    add_to_carts,
    purchases,
    units_sold,
    revenue
from ranked
where place <= {{ var('top_products') }}
