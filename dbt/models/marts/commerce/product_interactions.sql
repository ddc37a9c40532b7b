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

with nested as (

    select event_date, stream, identity_space, event_id, action, product_id, product_category
    from {{ ref('int_event_items') }}
    where action is not null
        and not is_order_line
        and {{ up_to_as_of() }}
        and {{ rebuilt() }}

),

events as (

    select event_date, stream, identity_space, event_id, action, product_id, category
    from {{ ref('fct_events') }}
    where action is not null
        and product_id is not null
        and {{ is_counted() }}
        and {{ up_to_as_of() }}
        and {{ rebuilt() }}

),

interactions as (

    select event_date, stream, identity_space, action, product_id, product_category
    from nested

    union all

    -- Events that are about one product, and have none nested.
    select events.event_date, events.stream, events.identity_space, events.action, events.product_id, events.category
    from events
    left join (select distinct event_date, stream, event_id from nested) as with_items
        on events.event_date = with_items.event_date
        and events.stream = with_items.stream
        and events.event_id = with_items.event_id
    where with_items.event_id is null

),

named as (

    select
        event_date,
        stream,
        identity_space,
        action,
        coalesce(product_id, 'unknown') as product_id,
        coalesce(product_category, 'none') as product_category
    from interactions

),

counted as (

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
    from named
    group by event_date, stream, identity_space, product_id, product_category

)

select
    event_date,
    stream,
    identity_space,
    product_id,
    product_category,
    interactions,
    {% for plural in counted.values() -%}
    {{ plural }},
    {% endfor -%}
    {{ ratio('add_to_carts', 'product_views + list_views') }} as view_to_cart_ratio,
    {{ ratio('transactions', 'add_to_carts') }} as cart_to_transaction_ratio
from counted
