{#-
    The streams in gold: one staging model a line, with the optional columns of fct_events that it has. Models that look
    across streams read all of these.
-#}
{% macro streams() %}
    {{ return({
        'stg_snowplow': [
            'app_id', 'view_id', 'action', 'page_host', 'page_path', 'page_query', 'page_title', 'heartbeat',
            'seen_height', 'page_height', 'referrer_host', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term',
            'utm_content', 'country', 'region', 'city', 'device', 'browser', 'operating_system', 'language', 'is_bot',
        ],
        'stg_mobile': ['city', 'payment_method'],
        'stg_web': ['entity_id'],
        'stg_clickstream': ['product_id', 'quantity', 'price', 'search_query'],
        'stg_commerce': ['country', 'order_status'],
    }) }}
{% endmacro %}
