{#- The staging model of a stream that is made of a mapping: silver has what gold needs, by the same names. -#}
{% macro mapped_events(stream) -%}
with source as (

    select * from {{ source('silver', stream) }}

),

renamed as (

    select
        '{{ stream }}' as stream,
        identity_space,
        coalesce(event_id, {{ hex_text('_key') }}) as event_id,
        event_name,
        {{ envelope() | indent(8) }},
        1 as event_sequence,
        channel,
        category,
        is_view,
        is_conversion,
        case when is_conversion then cast(value as decimal(38,6)) end as conversion_value,
        currency,
        order_id,
        false as is_order_event,
        action,
        page_path,
        product_id,
        product_name,
        cast(price as decimal(24,6)) as price,
        quantity,
        properties,
        is_order_line,
        cast(refund_value as decimal(38,6)) as refund_value,
        -- A line of an order is an item itself, with the columns above.
        case when not is_order_line then items end as items
    from source

)

select * from renamed
{%- endmacro %}


{#- The optional columns of fct_events that such a staging model has. -#}
{% macro mapped_columns() %}
    {{ return([
        'action', 'page_path', 'product_id', 'quantity', 'price', 'properties', 'is_order_line', 'refund_value', 'items',
    ]) }}
{% endmacro %}
