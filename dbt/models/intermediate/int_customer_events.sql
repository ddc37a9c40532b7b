-- depends_on: {{ ref('int_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'stream': "'commerce'", 'event_id': 'event_id'}},
) }}

select
    event_date,
    user_id as customer_id,
    event_at,
    event_id,
    customer_email,
    country
from {{ ref('stg_commerce') }}
where user_id is not null
    and (customer_email is not null or country is not null)
{% if is_incremental() %}
    and {{ in_touched(is_gained(), timestamp_column='event_at') }}
{% endif %}
