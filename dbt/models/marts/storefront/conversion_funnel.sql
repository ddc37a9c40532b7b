with days as (

    select * from {{ ref('int_product_event_days') }}
    where product_id is not null
        and {{ up_to_as_of() }}

),

products as (

    select
        product_id,
        category,
        cast(sum(page_views) as bigint) as views,
        cast(sum(add_to_carts) as bigint) as add_to_carts,
        cast(sum(purchases) as bigint) as purchases
    from days
    group by product_id, category

)

select
    product_id,
    category,
    views,
    add_to_carts,
    purchases,
    {{ ratio('add_to_carts', 'views') }} as view_to_cart_event_ratio,
    {{ ratio('purchases', 'add_to_carts') }} as cart_to_purchase_event_ratio,
    {{ ratio('purchases', 'views') }} as view_to_purchase_event_ratio
from products
