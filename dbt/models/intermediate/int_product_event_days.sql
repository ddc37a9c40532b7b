{{ rebuild_by('date') }}

{%- set counted = {
    'page_view': 'page_views',
    'search': 'searches',
    'add_to_cart': 'add_to_carts',
    'remove_from_cart': 'remove_from_carts',
    'purchase': 'purchases',
} %}

with events as (

    select * from {{ ref('stg_clickstream') }}
    where {{ rebuilt() }}

)

select
    event_date,
    min(stream) as stream,
    min(identity_space) as identity_space,
    product_id,
    category,
    currency,
    count(*) as events,
    {% for name, plural in counted.items() -%}
    cast(sum(case when event_name = '{{ name }}' then 1 else 0 end) as bigint) as {{ plural }},
    {% endfor -%}
    cast(sum(case when is_conversion then quantity else 0 end) as bigint) as units_sold,
    cast(sum(coalesce(conversion_value, 0)) as decimal(38,6)) as revenue
from events
group by event_date, product_id, category, currency
