{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'stream': 'stream', 'event_id': 'event_id'}},
) }}

select
    stream,
    identity_space,
    event_id,
    event_at,
    event_date,
    event_sequence,
    user_id,
    anonymous_id,
    coalesce('o' || order_id, 'e' || event_id) as purchase_id,
    conversion_value,
    currency
from {{ ref('int_events') }}
where is_conversion
    -- Orders may be reversed: fct_orders follows them.
    and not is_order_event
{% if is_incremental() %}
    and {{ in_touched(is_gained(), timestamp_column='event_at') }}
{% endif %}
