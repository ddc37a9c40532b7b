{{ rebuild_by('arrival') }}

{%- set shared = [
    'stream', 'identity_space', 'event_id', 'event_name', 'event_at', 'event_date', 'arrival_hour', 'event_sequence',
    'user_id', 'anonymous_id', 'session_id', 'device_platform', 'channel', 'category', 'is_view', 'is_conversion',
    'conversion_value', 'currency', 'order_id', 'is_order_event',
] %}
{%- set text = 'varchar(65535)' %}
{#- A stream may have these; else they are null. -#}
{%- set optional = {
    'app_id': text,
    'view_id': text,
    'action': text,
    'page_host': text,
    'page_path': text,
    'page_query': text,
    'page_title': text,
    'heartbeat': 'bigint',
    'seen_height': 'bigint',
    'page_height': 'bigint',
    'referrer_host': text,
    'utm_source': text,
    'utm_medium': text,
    'utm_campaign': text,
    'utm_term': text,
    'utm_content': text,
    'product_id': text,
    'quantity': 'bigint',
    'price': 'decimal(24,6)',
    'search_query': text,
    'entity_id': text,
    'country': text,
    'region': text,
    'city': text,
    'device': text,
    'browser': text,
    'operating_system': text,
    'language': text,
    'order_status': text,
    'payment_method': text,
    'properties': text,
    'is_order_line': 'boolean',
    'is_refund': 'boolean',
    'refund_value': 'decimal(38,6)',
    'is_bot': 'boolean',
} %}

with unioned as (

    {% for stream, columns in streams().items() %}
    select
        {% for column in shared -%}
        {{ column }},
        {% endfor -%}
        {% for column, data_type in optional.items() -%}
        {{ column if column in columns else 'cast(null as ' ~ data_type ~ ')' }} as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref(stream) }}
    where {{ rebuilt() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {% for column in shared + (optional | list) if column not in ['is_order_line', 'is_refund', 'is_bot'] -%}
    {{ column }},
    {% endfor -%}
    coalesce(is_order_line, false) as is_order_line,
    coalesce(is_refund, refund_value is not null) as is_refund,
    coalesce(is_bot, false) as is_bot
from unioned
