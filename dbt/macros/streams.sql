{#-
    The streams in gold: one staging model an entry, with the optional columns of fct_events that it has. `items`: each of
    its events may have products, nested. Models that look across streams read all of these.
-#}
{% macro streams() %}
    {{ return({
        'stg_snowplow': [
            'app_id', 'action', 'page_host', 'page_path', 'page_title', 'country', 'city', 'product_id', 'quantity', 'price',
            'is_order_line', 'is_refund', 'refund_value', 'items',
        ],
        'stg_mobile': ['city', 'payment_method'],
        'stg_web': ['entity_id'],
        'stg_clickstream': ['action', 'product_id', 'quantity', 'price', 'search_query', 'is_order_line'],
        'stg_commerce': ['action', 'country', 'order_status', 'is_refund', 'refund_value', 'items'],
    }) }}
{% endmacro %}
