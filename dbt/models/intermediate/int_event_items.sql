{{ rebuild_by('event') }}

{%- set shared = [
    'stream', 'identity_space', 'event_id', 'event_name', 'event_at', 'event_date', 'event_sequence', 'is_order_event',
    'is_conversion', 'order_id', 'currency',
] %}
{%- set optional = {
    'action': 'varchar(65535)',
    'is_order_line': 'boolean',
    'is_refund': 'boolean',
    'refund_value': 'decimal(38,6)',
    'is_bot': 'boolean',
} %}
{%- set parts = [] %}
{%- for stream, columns in streams().items() %}
    {#- Products are nested in an event, or an event is a line with a price of its own. A stream may have both. -#}
    {%- if 'items' in columns %}{% do parts.append([stream, 'items']) %}{% endif %}
    {%- if 'is_order_line' in columns and 'price' in columns %}{% do parts.append([stream, 'line']) %}{% endif %}
{%- endfor %}

with items as (

    {% for stream, form in parts -%}
    {%- set counted = is_counted() if 'is_bot' in streams()[stream] else '1 = 1' -%}
    select
        {% for column in shared -%}
        events.{{ column }},
        {% endfor -%}
        {% for column, data_type in optional.items() -%}
        {{ 'events.' ~ column if column in streams()[stream] else 'cast(null as ' ~ data_type ~ ')' }} as {{ column }},
        {% endfor -%}
        {% if form == 'items' -%}
        {{ item_line_number() }} as line_number,
        {{ item_field('product_id', 'varchar') }} as product_id,
        {{ item_field('product_name', 'varchar') }} as product_name,
        {{ item_field('product_category', 'varchar') }} as product_category,
        {{ item_field('unit_price', 'decimal(24,6)') }} as unit_price,
        {{ item_field('quantity', 'bigint') }} as quantity
    from (select * from {{ ref(stream) }} where items is not null and {{ counted }} and {{ rebuilt() }}) as events
        {{ flatten_items('events.items') }}
        {%- else -%}
        cast(1 as bigint) as line_number,
        events.product_id,
        events.product_name,
        events.category as product_category,
        events.price as unit_price,
        cast(events.quantity as bigint) as quantity
    from {{ ref(stream) }} as events
    where events.is_order_line
        and {{ counted }}
        and {{ rebuilt() }}
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    stream,
    identity_space,
    event_id,
    event_name,
    event_at,
    event_date,
    event_sequence,
    action,
    -- The event tells of its purchase, and not only of a refund.
    (is_conversion or is_order_event or coalesce(is_order_line, false))
        and (is_conversion or not coalesce(is_refund, refund_value is not null)) as is_sale,
    coalesce(is_order_line, false) as is_order_line,
    order_id,
    {{ order_or_event_id() }} as purchase_id,
    line_number,
    currency,
    product_id,
    product_name,
    product_category,
    unit_price,
    quantity,
    {{ line_value('unit_price', 'quantity') }} as line_total
from items
where {{ is_counted() }}
