with source as (

    select * from {{ source('silver', 'mobile') }}

),

places as (

    select 1 as event_sequence
    union all select 2
    union all select 3
    union all select 4

),

steps as (

    select
        source.*,
        {{ hex_text('source._key') }} as journey_id,
        upper(source.order_type) <> 'USER_VISIT' as is_order,
        upper(source.order_type) <> 'USER_VISIT' and upper(source.status) = 'COMPLETED' as is_completed_order,
        places.event_sequence,
        case places.event_sequence
            when 1 then source.initial_event
            when 2 then source.event_2
            when 3 then source.event_3
            else source.event_out
        end as step,
        case
            when source.event_out is not null then 4
            when source.event_3 is not null then 3
            when source.event_2 is not null then 2
            else 1
        end as last_sequence
    from source
    cross join places

),

renamed as (

    select
        'mobile' as stream,
        'app' as identity_space,
        journey_id || '-' || cast(event_sequence as varchar(1)) as event_id,
        step as event_name,
        {{ envelope() | indent(8) }},
        event_sequence,
        cast(null as varchar(65535)) as channel,
        cast(null as varchar(65535)) as category,
        false as is_view,
        event_sequence = last_sequence and is_completed_order as is_conversion,
        cast(null as decimal(38,6)) as conversion_value,
        cast(null as varchar(65535)) as currency,
        case when is_order then journey_id end as order_id,
        false as is_order_event,
        journey_id,
        event_sequence = last_sequence as is_last_step,
        is_order,
        is_completed_order,
        upper(order_type) as order_type,
        upper(status) as status,
        payment_method,
        os_user,
        city,
        latitude,
        longitude
    from steps
    where step is not null

)

select * from renamed
