with source as (

    select * from {{ source('silver', 'snowplow') }}

),

typed as (

    select
        source.*,
        coalesce(
            event_name in ('transaction', 'purchase') or ecommerce_action = 'transaction', false
        ) as is_purchase
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
        case when is_purchase then coalesce(tr_currency, ecommerce_currency) end as currency,
        case when is_purchase then coalesce(tr_orderid, ecommerce_transaction_id) end as order_id,
        false as is_order_event,
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
