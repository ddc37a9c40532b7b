with days as (

    select * from {{ ref('int_product_days') }}
    where {{ up_to_as_of() }}

),

described as (

    select
        days.*,
        {{ first_known('product_name', 'identity_space, product_id', 'event_date desc') }} as last_product_name,
        {{ first_known('product_category', 'identity_space, product_id', 'event_date desc') }} as last_product_category
    from days

)

select
    {{ surrogate_key(['identity_space', 'product_id']) }} as product_key,
    identity_space,
    product_id,
    max(last_product_name) as product_name,
    max(last_product_category) as product_category,
    min(first_event_at) as first_seen_at,
    max(last_event_at) as last_seen_at
from described
group by identity_space, product_id
