{{ rebuild_by('person') }}

{%- set purchase = 'stream, identity_space, purchase_id' %}
{%- set in_order = 'event_at, event_sequence, event_id, line_number' %}

with purchases as (

    select * from {{ ref('fct_purchases') }}
    where {{ rebuilt() }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where {{ rebuilt() }}

),

items as (

    select * from {{ ref('int_event_items') }}
    where {{ up_to_as_of() }}

),

ranked as (

    -- The nested lines of the latest event that has some, else all lines that are events.
    select
        items.*,
        row_number() over (partition by {{ purchase }}, is_order_line order by {{ in_order }}) as place,
        rank() over (
            partition by {{ purchase }}
            order by
                case when is_order_line then 1 else 0 end,
                case when not is_order_line then event_at end desc,
                case when not is_order_line then event_sequence end desc,
                case when not is_order_line then event_id end desc
        ) as event_rank
    from items
    where is_sale
    {% if is_incremental() %}
        and ((stream, purchase_id) in (select stream, purchase_id from purchases))
    {% endif %}

),

sold as (

    select
        purchases.stream,
        purchases.identity_space,
        purchases.purchase_id,
        purchases.order_id,
        purchases.person_id,
        purchases.purchased_at,
        purchases.purchased_date,
        coalesce(ranked.currency, purchases.currency) as currency,
        case when ranked.is_order_line then ranked.place else ranked.line_number end as line_number,
        ranked.product_id,
        ranked.product_name,
        ranked.product_category,
        ranked.unit_price,
        ranked.quantity,
        ranked.line_total
    from ranked
    inner join purchases
        on ranked.stream = purchases.stream
        and ranked.purchase_id = purchases.purchase_id
    where ranked.event_rank = 1

),

named as (

    -- The lines that a refund names, if they are worth no more than the refund. Else they only repeat the purchase's.
    select
        refunds.refund_id,
        refunds.refunded_date,
        refunds.stream,
        items.line_number,
        items.product_id,
        items.product_name,
        items.product_category,
        items.unit_price,
        abs(items.quantity) as quantity,
        abs(items.line_total) as line_total,
        sum(abs(items.line_total)) over (partition by refunds.stream, refunds.refunded_date, refunds.refund_id)
            <= refunds.refund_value as is_refunded
    from refunds
    inner join items
        on refunds.stream = items.stream
        and refunds.refund_id = items.event_id
        and refunds.refunded_date = items.event_date

),

refunded as (

    select
        refund_id,
        refunded_date,
        stream,
        line_number,
        product_id,
        product_name,
        product_category,
        unit_price,
        quantity,
        line_total
    from named
    where is_refunded

    union all

    select
        refunds.refund_id,
        refunds.refunded_date,
        refunds.stream,
        sold.line_number,
        sold.product_id,
        sold.product_name,
        sold.product_category,
        sold.unit_price,
        sold.quantity,
        sold.line_total
    from refunds
    inner join sold
        on refunds.stream = sold.stream
        and refunds.purchase_id = sold.purchase_id
    left join named
        on refunds.stream = named.stream
        and refunds.refund_id = named.refund_id
        and refunds.refunded_date = named.refunded_date
        and named.is_refunded
    where refunds.is_whole
        and named.refund_id is null

),

lines as (

    select
        stream,
        identity_space,
        purchase_id,
        order_id,
        cast(null as varchar(65535)) as refund_id,
        person_id,
        purchased_at as booked_at,
        purchased_date as booked_date,
        line_number,
        product_id,
        product_name,
        product_category,
        currency,
        unit_price,
        quantity,
        line_total
    from sold

    union all

    select
        refunds.stream,
        refunds.identity_space,
        refunds.purchase_id,
        refunds.order_id,
        refunds.refund_id,
        refunds.person_id,
        refunds.refunded_at as booked_at,
        refunds.refunded_date as booked_date,
        refunded.line_number,
        refunded.product_id,
        refunded.product_name,
        refunded.product_category,
        refunds.currency,
        refunded.unit_price,
        -refunded.quantity as quantity,
        -refunded.line_total as line_total
    from refunds
    inner join refunded
        on refunds.stream = refunded.stream
        and refunds.refund_id = refunded.refund_id
        and refunds.refunded_date = refunded.refunded_date

)

select
    {{ surrogate_key(['stream', 'purchase_id', 'refund_id', 'booked_date', 'line_number']) }} as purchase_item_key,
    stream,
    identity_space,
    purchase_id,
    order_id,
    refund_id,
    refund_id is not null as is_refund,
    line_number,
    person_id,
    booked_at,
    booked_date,
    product_id,
    product_name,
    product_category,
    currency,
    unit_price,
    quantity,
    cast(line_total as decimal(38,6)) as line_total
from lines
