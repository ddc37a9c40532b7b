{{ rebuild_by('event', stream="'commerce'") }}

with events as (

    select * from {{ ref('stg_commerce') }}
    where items is not null
        and {{ rebuilt() }}

),

flattened_items as (

    select
        events.event_id,
        {{ item_line_number() }} as line_number,
        events.event_name,
        events.event_at,
        events.event_date,
        events.is_order_event,
        events.order_id,
        events.currency,
        {{ item_field('product_id', 'varchar') }} as product_id,
        {{ item_field('product_name', 'varchar') }} as product_name,
        {{ item_field('product_category', 'varchar') }} as product_category,
        {{ item_field('unit_price', 'decimal(24,6)') }} as unit_price,
        {{ item_field('quantity', 'bigint') }} as quantity
    from events {{ flatten_items('events.items') }}

)

select
    flattened_items.*,
    {{ line_value('unit_price', 'quantity') }} as line_total
from flattened_items
