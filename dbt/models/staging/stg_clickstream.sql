with source as (

    select * from {{ source('silver', 'clickstream') }}

),

renamed as (

    select
        'clickstream' as stream,
        'site' as identity_space,
        {{ hex_text('_key') }} as event_id,
        event_name,
        event_at,
        {{ utc_date('event_at') }} as event_date,
        _arrival_hour as arrival_hour,
        1 as event_sequence,
        user_id,
        anonymous_id,
        session_id,
        device_platform,
        cast(null as varchar(65535)) as channel,
        category,
        event_name = 'page_view' as is_view,
        event_name = 'purchase' as is_conversion,
        case when event_name = 'purchase' then {{ line_value('price', 'quantity') }} end as conversion_value,
        currency,
        cast(null as varchar(65535)) as order_id,
        false as is_order_event,
        product_id,
        quantity,
        price,
        search_query
    from source

)

select * from renamed
