{#-
    The streams in gold: one staging model an entry, with the optional columns of fct_events that it has. `items`: each of
    its events may have products, nested. Models that look across streams read all of these.
-#}
{% macro streams() %}
    {{ return({
        'stg_snowplow': [
            'app_id', 'view_id', 'action', 'page_host', 'page_path', 'page_query', 'page_title', 'heartbeat',
            'seen_height', 'page_height', 'referrer_host', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term',
            'utm_content', 'country', 'region', 'city', 'device', 'browser', 'operating_system', 'language', 'is_bot',
            'product_id', 'quantity', 'price', 'is_order_line', 'is_refund', 'refund_value', 'items',
        ],
        'stg_mobile': ['city', 'payment_method'],
        'stg_web': ['entity_id', 'device', 'browser', 'operating_system'],
        'stg_clickstream': ['action', 'product_id', 'quantity', 'price', 'search_query', 'is_order_line'],
        'stg_commerce': ['action', 'country', 'order_status', 'is_refund', 'refund_value', 'items'],
        'stg_events': mapped_columns(),
    }) }}
{% endmacro %}
