with source as (

    select * from {{ source('silver', 'web') }}

),

renamed as (

    select
        'web' as stream,
        'community' as identity_space,
        {{ hex_text('_key') }} as event_id,
        event_name,
        {{ envelope() | indent(8) }},
        1 as event_sequence,
        cast(null as varchar(65535)) as channel,
        entity_type as category,
        true as is_view,
        false as is_conversion,
        cast(null as decimal(38,6)) as conversion_value,
        cast(null as varchar(65535)) as currency,
        cast(null as varchar(65535)) as order_id,
        false as is_order_event,
        description,
        entity_type,
        entity_id,
        username,
        device,
        browser,
        platform,
        platform as operating_system
    from source

)

select * from renamed
