{{ rebuild_by('person', person_id='customer_id') }}

{%- set newest_first = 'event_at desc, event_id desc' %}
{%- set oldest_first = 'event_at, event_id' %}

with events as (

    select * from {{ ref('int_order_events') }}
    where {{ up_to_as_of() }}
    {% if is_incremental() %}
        and order_id in (
            select order_id from {{ ref('int_order_events') }}
            where {{ rebuilt() }}
        )
    {% endif %}

),

ranked as (

    -- An event that is only about a refund does not describe the order.
    select
        events.*,
        row_number() over (partition by order_id order by {{ newest_first }}) as place_from_last,
        row_number() over (partition by order_id, is_only_refund order by {{ oldest_first }}) as place_from_first,
        row_number() over (partition by order_id, is_only_refund order by {{ newest_first }}) as place_of_description,
        {{ first_known('customer_id', 'order_id', newest_first) }} as order_customer_id,
        {{ first_known('country', 'order_id', newest_first) }} as order_country,
        {{ first_known('outcome', 'order_id', newest_first) }} as last_outcome
    from events

),

orders as (

    select
        stream,
        identity_space,
        order_id,
        max(order_customer_id) as customer_id,
        max(order_country) as country,
        max(case when place_from_first = 1 and not is_only_refund then session_id end) as session_id,
        max(case when place_from_first = 1 and not is_only_refund then channel end) as channel,
        max(case when place_from_first = 1 and not is_only_refund then device_platform end) as device_platform,
        min(case when not is_only_refund then event_at end) as ordered_at,
        max(event_at) as last_event_at,
        count(*) as events,
        max(case when place_from_last = 1 then order_status end) as order_status,
        max(case when place_of_description = 1 and not is_only_refund then currency end) as currency,
        max(case when place_of_description = 1 and not is_only_refund then order_total end) as order_total,
        max(case when place_of_description = 1 and not is_only_refund then order_tax end) as order_tax,
        max(case when place_of_description = 1 and not is_only_refund then order_shipping end) as order_shipping,
        coalesce(max(last_outcome) = 'completed', false) as is_completed
    from ranked
    group by stream, identity_space, order_id
    having min(case when is_only_refund then 1 else 0 end) = 0

),

sequenced as (

    select
        orders.*,
        lag(ordered_at) over (partition by customer_id order by ordered_at, order_id) as previous_ordered_at,
        row_number() over (partition by customer_id, is_completed order by ordered_at, order_id) as place_among_like
    from orders
    where {{ rebuilt() }}

),

refunds as (

    select stream, order_id, cast(sum(refund_value) as decimal(38,6)) as refunds
    from {{ ref('fct_refunds') }}
    where is_of_purchase
    group by stream, order_id

),

valued as (

    select
        sequenced.*,
        case when is_completed then order_total else cast(0 as decimal(24,6)) end as revenue,
        cast(coalesce(refunds.refunds, 0) as decimal(38,6)) as refunds
    from sequenced
    left join refunds
        on sequenced.stream = refunds.stream
        and sequenced.order_id = refunds.order_id

)

select
    order_id,
    customer_id,
    country,
    session_id,
    channel,
    device_platform,
    ordered_at,
    {{ utc_date('ordered_at') }} as ordered_date,
    last_event_at,
    events,
    order_status,
    currency,
    order_total,
    order_tax,
    order_shipping,
    is_completed,
    revenue,
    refunds,
    cast(revenue - refunds as decimal(38,6)) as net_revenue,
    refunds > 0 and refunds = revenue as is_refunded,
    customer_id is not null and is_completed and place_among_like = 1 as is_first_order,
    case
        when customer_id is not null
            then {{ days_between(utc_date('previous_ordered_at'), utc_date('ordered_at')) }}
    end as days_since_previous_order,
    stream,
    identity_space
from valued
