with source as (

    select * from {{ source('silver', 'commerce') }}

),

marked as (

    select
        source.*,
        -- A page view, such as of the confirmation page, may also name an order; it is no order event.
        coalesce(refunded_order_id, order_id) is not null
            and (refunded_order_id is not null or {{ is_order_event_name('event_name') }}) as is_order_event,
        -- The event is about a refund and nothing else: its amounts and lines are those refunded.
        coalesce(
            refunded_order_id is not null
            or order_total < 0
            or {{ is_order_word('event_name', refund_words()) }},
            false
        ) as is_only_refund
    from source

),

with_outcome as (

    select
        marked.*,
        case
            when is_order_event and not is_only_refund then {{ order_outcome('event_name', 'order_status') }}
        end as order_outcome,
        is_order_event and coalesce(
            is_only_refund
            or refund_amount <> 0
            or {{ is_order_word('order_status', var('order_refunding_words')) }},
            false
        ) as is_refund,
        -- Nothing is not an amount: a new total of 0 refunds everything.
        nullif(coalesce(nullif(refund_amount, 0), case when is_only_refund then order_total end), 0) as refund_value
    from marked

),

renamed as (

    select
        'commerce' as stream,
        'shop' as identity_space,
        event_id,
        event_name,
        {{ envelope() | indent(8) }},
        1 as event_sequence,
        channel,
        cast(null as varchar(65535)) as category,
        event_name = 'page_view' as is_view,
        coalesce(order_outcome = 'completed', false) as is_conversion,
        case when order_outcome = 'completed' then cast(order_total as decimal(38,6)) end as conversion_value,
        is_order_event,
        order_outcome,
        is_only_refund,
        is_refund,
        case when is_refund then cast(abs(refund_value) as decimal(38,6)) end as refund_value,
        case when event_name in ('product_view', 'add_to_cart', 'remove_from_cart') then event_name end as action,
        customer_email,
        country,
        coalesce(refunded_order_id, order_id) as order_id,
        order_status,
        currency,
        cast(order_total as decimal(24,6)) as order_total,
        cast(order_tax as decimal(24,6)) as order_tax,
        cast(order_shipping as decimal(24,6)) as order_shipping,
        items
    from with_outcome

)

select * from renamed
