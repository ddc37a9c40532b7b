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
        coalesce(event_name = 'transaction_item', false) as is_order_line,
        bots.user_agent is not null
            or coalesce(iab_is_bot, false)
            or coalesce(lower(yauaa_device_class) like 'robot%', false)
            or coalesce(lower(yauaa_agent_class) like 'robot%', false) as is_bot
    from source
    left join {{ ref('base_snowplow_bots') }} as bots
        on source.useragent = bots.user_agent

),

renamed as (

    select
        'snowplow' as stream,
        'site' as identity_space,
        event_id,
        coalesce(event_name, event, 'unknown') as event_name,
        {{ envelope() | indent(8) }},
        1 as event_sequence,
        -- A link within the site is no channel: it brings nobody to the site.
        lower(coalesce(mkt_medium, mkt_source, case when refr_medium <> 'internal' then refr_medium end)) as channel,
        ti_category as category,
        coalesce(event_name in ('page_view', 'screen_view'), false) as is_view,
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
        view_id,
        ecommerce_action as action,
        page_urlhost as page_host,
        page_urlpath as page_path,
        page_urlquery as page_query,
        coalesce(page_title, screen_name) as page_title,
        -- The device's own clock keeps pings of one view apart as they were sent.
        case
            when event_name = 'page_ping' then {{ heartbeat_number('coalesce(dvce_created_tstamp, event_at)') }}
        end as heartbeat,
        case
            when event_name in ('page_view', 'page_ping') and doc_height > 0
                then greatest(coalesce(pp_yoffset_max, 0), 0) + br_viewheight
        end as seen_height,
        case when event_name in ('page_view', 'page_ping') and doc_height > 0 then doc_height end as page_height,
        refr_urlhost as referrer_host,
        mkt_source as utm_source,
        mkt_medium as utm_medium,
        mkt_campaign as utm_campaign,
        mkt_term as utm_term,
        mkt_content as utm_content,
        geo_country as country,
        geo_region as region,
        geo_city as city,
        coalesce(dvce_type, yauaa_device_class) as device,
        coalesce(br_family, yauaa_agent_name) as browser,
        coalesce(os_family, os_name) as operating_system,
        br_lang as language,
        is_bot,
        app_version,
        consent_event,
        consent_version,
        vitals_lcp,
        vitals_fcp,
        vitals_fid,
        vitals_inp,
        vitals_cls,
        vitals_ttfb,
        error_exception,
        error_class,
        error_language,
        error_is_fatal
    from typed

)

select * from renamed
