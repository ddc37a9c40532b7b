{%- set newest_first = 'event_at desc, event_sequence desc, event_id desc' %}

with conversions as (

    select * from {{ ref('int_conversions') }}
    where {{ up_to_as_of() }}

),

resolved as (

    select
        conversions.*,
        {{ stitched_id('conversions') }} as person_id
    from conversions
    {{ join_identities('conversions') }}

),

ranked as (

    select
        resolved.*,
        row_number() over (partition by stream, purchase_id order by {{ newest_first }}) as place_from_last,
        {{ first_known('person_id', 'stream, purchase_id', newest_first) }} as last_person_id
    from resolved

),

purchases as (

    select
        stream,
        identity_space,
        purchase_id,
        max(last_person_id) as person_id,
        min(event_at) as purchased_at,
        max(case when place_from_last = 1 then currency end) as currency,
        max(case when place_from_last = 1 then conversion_value end) as value
    from ranked
    group by stream, identity_space, purchase_id

    union all

    select
        'commerce' as stream,
        'shop' as identity_space,
        'o' || order_id as purchase_id,
        customer_id as person_id,
        ordered_at as purchased_at,
        currency,
        cast(order_total as decimal(38,6)) as value
    from {{ ref('fct_orders') }}
    where is_completed

)

select
    stream,
    identity_space,
    purchase_id,
    person_id,
    purchased_at,
    {{ utc_date('purchased_at') }} as purchased_date,
    currency,
    value
from purchases
