{#-
    The streams in gold: one staging model a line, with the optional columns of fct_events that it has. Models that look
    across streams read all of these.
-#}
{% macro streams() %}
    {{ return({
        'stg_snowplow': ['app_id', 'action', 'page_host', 'page_path', 'page_title', 'country', 'city'],
        'stg_mobile': ['city', 'payment_method'],
        'stg_web': ['entity_id'],
        'stg_clickstream': ['product_id', 'quantity', 'price', 'search_query'],
        'stg_commerce': ['country', 'order_status'],
        'stg_events': ['page_path', 'product_id', 'quantity', 'price', 'properties'],
    }) }}
{% endmacro %}
