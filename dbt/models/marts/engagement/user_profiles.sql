{%- set person = 'identity_space, person_id' %}
{#- What the first and the last session that say it have: columns of fct_sessions. -#}
{%- set firsts = {
    'channel': 'channel', 'channel_group': 'channel_group', 'country': 'country', 'device': 'device',
    'landing_page': 'first_page',
} %}

with as_of as (

    select as_of from {{ ref('int_as_of') }}

),

seen as (

    select
        identity_space,
        person_id,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        count(distinct event_date) as active_days,
        cast(sum(events) as bigint) as events,
        cast(sum(views) as bigint) as views
    from {{ ref('int_person_days') }}
    group by {{ person }}

),

visits as (

    select
        identity_space,
        person_id,
        {% for name, column in firsts.items() -%}
        {{ earliest(column, 'started_at') }} as first_{{ name }},
        {{ latest(column, 'started_at') }} as last_{{ name }},
        {% endfor -%}
        count(*) as sessions,
        cast(sum(conversions) as bigint) as conversions
    from {{ ref('fct_sessions') }}
    where person_id is not null
        and {{ is_counted() }}
    group by {{ person }}

),

favourites as (

    select * from {{ ref('int_favourites') }}

),

values_by_currency as (

    select * from {{ ref('int_customer_values') }}

),

main_currency as (

    select
        values_by_currency.*,
        row_number() over (partition by {{ person }} order by frequency desc, coalesce(monetary, 0) desc, currency) as place
    from values_by_currency

),

orders as (

    select
        identity_space,
        person_id,
        cast(sum(frequency) as bigint) as completed_orders,
        min(first_order_at) as first_order_at,
        max(last_order_at) as last_order_at,
        min(recency) as recency
    from values_by_currency
    group by {{ person }}

)

select
    seen.identity_space,
    seen.person_id,
    as_of.as_of,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.active_days,
    seen.events,
    seen.views,
    coalesce(visits.sessions, 0) as sessions,
    coalesce(visits.conversions, 0) as conversions,
    {% for name in firsts -%}
    visits.first_{{ name }},
    visits.last_{{ name }},
    {% endfor -%}
    favourites.device_platform as favourite_device_platform,
    favourites.channel as favourite_channel,
    favourites.category as favourite_category,
    coalesce(orders.completed_orders, 0) as completed_orders,
    orders.first_order_at,
    orders.last_order_at,
    {{ customer_segment('orders.completed_orders') }} as segment,
    coalesce({{ is_active_customer('orders.recency') }}, false) as is_active_customer,
    main_currency.currency,
    main_currency.monetary as lifetime_value,
    main_currency.recency_score,
    main_currency.frequency_score,
    main_currency.monetary_score,
    {{ rfm_tier('main_currency.recency', 'main_currency.frequency', 'main_currency.monetary') }} as rfm_tier
from seen
cross join as_of
left join visits
    on seen.identity_space = visits.identity_space
    and seen.person_id = visits.person_id
left join favourites
    on seen.identity_space = favourites.identity_space
    and seen.person_id = favourites.person_id
left join orders
    on seen.identity_space = orders.identity_space
    and seen.person_id = orders.person_id
left join main_currency
    on seen.identity_space = main_currency.identity_space
    and seen.person_id = main_currency.person_id
    and main_currency.place = 1
