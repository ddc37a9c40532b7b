{{ rebuild_by('date') }}

{%- set product = 'event_date, identity_space, product_id' %}
{%- set newest_first = 'event_at desc, event_id desc, line_number desc' %}

with items as (

    select * from {{ ref('int_event_items') }}
    where product_id is not null
        and {{ rebuilt() }}

),

described as (

    select
        event_date,
        identity_space,
        product_id,
        event_at,
        {{ first_known('product_name', product, newest_first) }} as product_name,
        {{ first_known('product_category', product, newest_first) }} as product_category
    from items

)

select
    event_date,
    identity_space,
    product_id,
    max(product_name) as product_name,
    max(product_category) as product_category,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    count(*) as lines
from described
group by event_date, identity_space, product_id
