with source as (

    select * from {{ source('silver', 'snowplow') }}

),

typed as (

    select
        source.*,
        coalesce(
            event_name in ('transaction', 'purchase') or ecommerce_action = 'transaction', false
        ) as is_purchase,
        coalesce(ecommerce_action = 'refund', false) as is_refund,
        -- The tracker sends each line of a transaction as an event of its own.
        coalesce(event_name = 'transaction_item', false) as is_order_line
    from source

),

renamed as (

    select
        'snowplow' as stream,
        'site' as identity_space,
        event_id,
        coalesce(event_name, event, 'unknown') as event_name,
        event_at,
        {{ utc_date('event_at') }} as event_date,
        _arrival_hour as arrival_hour,
        1 as event_sequence,
        user_id,
        anonymous_id,
        session_id,
        device_platform,
        -- A link within the site is no channel: it brings nobody to the site.
        lower(coalesce(mkt_medium, mkt_source, case when refr_medium <> 'internal' then refr_medium end)) as channel,
        ti_category as category,
        coalesce(event_name = 'page_view', false) as is_view,
        is_purchase as is_conversion,
        case
            when is_purchase then cast(coalesce(tr_total, ecommerce_revenue) as decimal(38,6))
        end as conversion_value,
        case
            when is_purchase then coalesce(tr_currency, ecommerce_currency)
            when is_refund then ecommerce_refund_currency
            when is_order_line then coalesce(ti_currency, tr_currency)
        end as currency,
        case
            when is_purchase then coalesce(tr_orderid, ecommerce_transaction_id)
            when is_refund then coalesce(ecommerce_refund_id, ecommerce_transaction_id)
            when is_order_line then coalesce(ti_orderid, tr_orderid)
        end as order_id,
        false as is_order_event,
        is_refund,
        case when is_refund then cast(abs(ecommerce_refund_amount) as decimal(38,6)) end as refund_value,
        is_order_line,
        case when is_order_line then ti_sku end as product_id,
        case when is_order_line then ti_name end as product_name,
        case when is_order_line then ti_quantity end as quantity,
        case when is_order_line then ti_price end as price,
        ecommerce_products as items,
        app_id,
        ecommerce_action as action,
        page_urlhost as page_host,
        page_urlpath as page_path,
        page_title,
        geo_country as country,
        geo_city as city
    from typed

)

select * from renamed
