{%- set sold = 'case when is_refund then 0 else ' %}
{%- set refunded = 'case when is_refund then -' %}

select
    booked_date as revenue_date,
    stream,
    identity_space,
    coalesce(product_id, 'unknown') as product_id,
    currency,
    coalesce(cast(sum({{ sold }}quantity end) as bigint), 0) as units_sold,
    coalesce(cast(sum({{ refunded }}quantity else 0 end) as bigint), 0) as units_refunded,
    {{ shown_amount('coalesce(sum(' ~ sold ~ 'line_total end), 0)', 'currency') }} as gross_revenue,
    {{ shown_amount('coalesce(sum(' ~ refunded ~ 'line_total else 0 end), 0)', 'currency') }} as refunds,
    {{ shown_amount('coalesce(sum(line_total), 0)', 'currency') }} as net_revenue
from {{ ref('fct_purchase_items') }}
group by booked_date, stream, identity_space, coalesce(product_id, 'unknown'), currency
