{%- set purchase = 'stream, identity_space, purchase_id' %}
{%- set oldest_first = 'event_at, event_sequence, event_id' %}
{%- set newest_first = 'event_at desc, event_sequence desc, event_id desc' %}

with events as (

    select
        stream,
        identity_space,
        order_id,
        'o' || order_id as purchase_id,
        event_id,
        event_at,
        event_date,
        1 as event_sequence,
        customer_id as person_id,
        not is_only_refund as is_sale,
        outcome,
        cast(order_total as decimal(38,6)) as value,
        false as is_order_line,
        currency,
        is_refund,
        refund_value
    from {{ ref('int_order_events') }}
    where {{ up_to_as_of() }}

    union all

    select
        conversions.stream,
        conversions.identity_space,
        conversions.order_id,
        conversions.purchase_id,
        conversions.event_id,
        conversions.event_at,
        conversions.event_date,
        conversions.event_sequence,
        {{ stitched_id('conversions') }} as person_id,
        conversions.is_conversion as is_sale,
        case when conversions.is_conversion then 'completed' end as outcome,
        conversions.conversion_value as value,
        conversions.is_order_line,
        conversions.currency,
        conversions.is_refund,
        conversions.refund_value
    from {{ ref('int_purchase_events') }} as conversions
    {{ join_identities('conversions') }}
    where {{ up_to_as_of('conversions.event_date') }}

),

ranked as (

    select
        events.*,
        {{ first_known('person_id', purchase, newest_first) }} as last_person_id,
        {{ first_known('outcome', purchase, newest_first) }} as last_outcome,
        row_number() over (
            partition by {{ purchase }}
            order by case when is_sale then 0 else 1 end, {{ newest_first }}
        ) as place_among_sales
    from events
    where (stream, purchase_id) in (select stream, purchase_id from events where is_refund)

),

purchases as (

    -- What is left to refund of a purchase: its value, or nothing if it is not completed.
    select
        {{ purchase }},
        max(last_person_id) as person_id,
        max(case when is_sale then 1 else 0 end) = 1 as is_known,
        max(case when is_sale and place_among_sales = 1 then currency end) as currency,
        case
            when max(last_outcome) = 'completed'
                then greatest(coalesce({{ purchase_value('value', 'place_among_sales', 'is_sale') }}, 0), 0)
            else 0
        end as gross
    from ranked
    group by {{ purchase }}

),

refunds as (

    -- A refund in another currency cannot be subtracted from the purchase, and stands alone.
    select
        events.stream,
        events.identity_space,
        events.purchase_id,
        events.order_id,
        events.event_id,
        events.event_at,
        events.event_date,
        events.event_sequence,
        purchases.person_id,
        purchases.gross,
        coalesce(case when events.refund_value is not null then events.currency end, purchases.currency) as currency,
        coalesce(events.refund_value, purchases.gross) as asked,
        purchases.is_known and (
            events.refund_value is null
            or coalesce(events.currency, purchases.currency, '') = coalesce(purchases.currency, '')
        ) as is_of_purchase
    from events
    inner join purchases
        on events.stream = purchases.stream
        and events.purchase_id = purchases.purchase_id
    where events.is_refund

),

summed as (

    select
        refunds.*,
        cast(
            sum(asked) over (
                partition by {{ purchase }}, is_of_purchase
                order by {{ oldest_first }}
                rows unbounded preceding
            ) as decimal(38,6)
        ) as asked_up_to
    from refunds

),

counted as (

    select
        summed.*,
        cast(
            case
                when is_of_purchase then least(gross, asked_up_to) - least(gross, asked_up_to - asked)
                else asked
            end as decimal(38,6)
        ) as refund_value
    from summed

)

select
    stream,
    identity_space,
    event_id as refund_id,
    purchase_id,
    order_id,
    person_id,
    event_at as refunded_at,
    event_date as refunded_date,
    currency,
    refund_value,
    is_of_purchase,
    is_of_purchase and refund_value = gross as is_whole
from counted
where refund_value > 0
