{{ config(alias='orders') }}
{{ rebuild_by('date', event_date='cast(created_at as date)') }}

select
    order_id,
    user_id,
    order_type,
    status,
    payment_method,
    {{ utc_timestamp('event_at') }} as created_at
from {{ ref('stg_mobile') }}
where is_last_step
    and is_order
    and {{ rebuilt() }}
