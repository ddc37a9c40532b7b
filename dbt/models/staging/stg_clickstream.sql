with source as (

    select * from {{ source('silver', 'clickstream') }}

),

renamed as (

    select
        'clickstream' as stream,
        'site' as identity_space,
        {{ hex_text('_key') }} as event_id,
        event_name,
        {{ envelope() | indent(8) }},
        1 as event_sequence,
        cast(null as varchar(65535)) as channel,
        category,
        event_name = 'page_view' as is_view,
        event_name = 'purchase' as is_conversion,
        case when event_name = 'purchase' then {{ line_value('price', 'quantity') }} end as conversion_value,
        currency,
        case when event_name = 'purchase' then order_id end as order_id,
        false as is_order_event,
        event_name = 'purchase' as is_order_line,
        case
            when event_name = 'page_view' and product_id is not null then 'product_view'
            when event_name = 'purchase' then 'transaction'
            when event_name <> 'page_view' and event_name <> 'search' then event_name
        end as action,
        product_id,
        cast(null as varchar(65535)) as product_name,
        quantity,
        price,
        search_query
    from source

)

select * from renamed
