{{ rebuild_by('date') }}

{%- set counted = {
    'product_view': 'product_views',
    'list_view': 'list_views',
    'list_click': 'list_clicks',
    'add_to_cart': 'add_to_carts',
    'remove_from_cart': 'remove_from_carts',
    'checkout_step': 'checkout_steps',
    'transaction': 'transactions',
    'refund': 'refunds',
} %}

with interactions as (

    -- Events that have their products nested.
    select
        event_date,
        stream,
        identity_space,
        product_id,
        product_category,
        count(*) as interactions,
        {% for action, plural in counted.items() -%}
        cast(sum(case when action = '{{ action }}' then 1 else 0 end) as bigint) as {{ plural }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_event_items') }}
    where action is not null
        and not is_order_line
        and {{ up_to_as_of() }}
        and {{ rebuilt() }}
    group by event_date, stream, identity_space, product_id, product_category

    union all

    -- Events that are about one product.
    select
        event_date,
        stream,
        identity_space,
        product_id,
        category as product_category,
        page_views + add_to_carts + remove_from_carts + purchases as interactions,
        page_views as product_views,
        0 as list_views,
        0 as list_clicks,
        add_to_carts,
        remove_from_carts,
        0 as checkout_steps,
        purchases as transactions,
        0 as refunds
    from {{ ref('int_product_event_days') }}
    where product_id is not null
        and {{ up_to_as_of() }}
        and {{ rebuilt(event_at=none) }}

)

select
    event_date,
    stream,
    identity_space,
    coalesce(product_id, 'unknown') as product_id,
    coalesce(product_category, 'none') as product_category,
    cast(sum(interactions) as bigint) as interactions,
    {% for plural in counted.values() -%}
    cast(sum({{ plural }}) as bigint) as {{ plural }},
    {% endfor -%}
    {{ ratio('sum(add_to_carts)', 'sum(product_views + list_views)') }} as view_to_cart_ratio,
    {{ ratio('sum(transactions)', 'sum(add_to_carts)') }} as cart_to_transaction_ratio
from interactions
group by event_date, stream, identity_space, coalesce(product_id, 'unknown'), coalesce(product_category, 'none')
