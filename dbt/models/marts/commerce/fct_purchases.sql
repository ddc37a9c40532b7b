{{ rebuild_by('person') }}

{%- set purchase = 'stream, identity_space, purchase_id' %}
{%- set newest_first = 'event_at desc, event_sequence desc, event_id desc' %}

with events as (

    select * from {{ ref('int_purchase_events') }}
    where {{ up_to_as_of() }}

),

resolved as (

    select
        events.*,
        {{ stitched_id('events') }} as person_id
    from events
    {{ join_identities('events') }}

),

ranked as (

    select
        resolved.*,
        row_number() over (
            partition by {{ purchase }}
            order by case when is_conversion then 0 else 1 end, {{ newest_first }}
        ) as place_from_last,
        {{ first_known('person_id', purchase, newest_first) }} as last_person_id
    from resolved
    {% if is_incremental() %}
    where (stream, purchase_id) in (
        select stream, purchase_id from resolved
        where {{ rebuilt() }}
    )
    {% endif %}

),

purchases as (

    select
        {{ purchase }},
        max(order_id) as order_id,
        max(last_person_id) as person_id,
        min(case when is_conversion then event_at end) as purchased_at,
        max(case when place_from_last = 1 then currency end) as currency,
        {{ purchase_value('conversion_value', 'place_from_last', 'is_conversion') }} as gross_revenue
    from ranked
    group by {{ purchase }}
    having max(case when is_conversion then 1 else 0 end) = 1

    union all

    select
        stream,
        identity_space,
        'o' || order_id as purchase_id,
        order_id,
        customer_id as person_id,
        ordered_at as purchased_at,
        currency,
        cast(revenue as decimal(38,6)) as gross_revenue
    from {{ ref('fct_orders') }}
    where is_completed

),

refunds as (

    select stream, purchase_id, cast(sum(refund_value) as decimal(38,6)) as refunds
    from {{ ref('fct_refunds') }}
    where is_of_purchase
    group by stream, purchase_id

),

valued as (

    select
        purchases.*,
        cast(coalesce(refunds.refunds, 0) as decimal(38,6)) as refunds
    from purchases
    left join refunds
        on purchases.stream = refunds.stream
        and purchases.purchase_id = refunds.purchase_id
    where {{ rebuilt() }}

)

select
    stream,
    identity_space,
    purchase_id,
    order_id,
    person_id,
    purchased_at,
    {{ utc_date('purchased_at') }} as purchased_date,
    currency,
    gross_revenue,
    refunds,
    cast(gross_revenue - refunds as decimal(38,6)) as net_revenue,
    refunds > 0 and refunds = gross_revenue as is_refunded
from valued
