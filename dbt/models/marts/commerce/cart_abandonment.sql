with days as (

    select * from {{ ref('int_cart_days') }}
    where {{ up_to_as_of() }}

),

sessions as (

    select
        stream,
        identity_space,
        session_id,
        min(first_cart_at) as first_cart_at,
        min(first_checkout_at) as first_checkout_at,
        max(last_purchase_at) as last_purchase_at
    from days
    group by stream, identity_space, session_id

),

{# By kind of thing left behind, the time at which it began. -#}
{% set kinds = {'cart': 'first_cart_at', 'checkout': 'first_checkout_at'} -%}

starts as (

    {% for kind, started_at in kinds.items() -%}
    select
        '{{ kind }}' as kind,
        stream,
        identity_space,
        {{ utc_date(started_at) }} as started_date,
        case when last_purchase_at >= {{ started_at }} then 1 else 0 end as is_purchased
    from sessions
    where {{ started_at }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    started_date,
    stream,
    identity_space,
    kind,
    count(*) as sessions,
    cast(sum(is_purchased) as bigint) as purchased,
    cast(count(*) - sum(is_purchased) as bigint) as abandoned,
    {{ ratio('count(*) - sum(is_purchased)', 'count(*)') }} as abandonment_rate
from starts
group by started_date, stream, identity_space, kind
