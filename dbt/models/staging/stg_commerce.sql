with source as (

    select * from {{ source('silver', 'commerce') }}

),

marked as (

    select
        source.*,
        -- A page view, such as of the confirmation page, may also name an order; it is no order event.
        order_id is not null and {{ is_order_event_name('event_name') }} as is_order_event
    from source

),

with_outcome as (

    select
        marked.*,
        case when is_order_event then {{ order_outcome('event_name', 'order_status') }} end as order_outcome
    from marked

),

renamed as (

    select
        'commerce' as stream,
        'shop' as identity_space,
        event_id,
        event_name,
        event_at,
        {{ utc_date('event_at') }} as event_date,
        _arrival_hour as arrival_hour,
        1 as event_sequence,
        user_id,
        anonymous_id,
        session_id,
        device_platform,
        channel,
        cast(null as varchar(65535)) as category,
        event_name = 'page_view' as is_view,
        coalesce(order_outcome = 'completed', false) as is_conversion,
        case when order_outcome = 'completed' then cast(order_total as decimal(38,6)) end as conversion_value,
        is_order_event,
        order_outcome,
        customer_email,
        country,
        order_id,
        order_status,
        currency,
        cast(order_total as decimal(24,6)) as order_total,
        cast(order_tax as decimal(24,6)) as order_tax,
        cast(order_shipping as decimal(24,6)) as order_shipping,
        items
    from with_outcome

)

select * from renamed
