-- depends_on: {{ ref('int_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'identity_space': "'shop'", 'actor': 'customer_id'}},
) }}

{%- set newest_first = 'event_at desc, event_id desc' %}

with events as (

    select * from {{ ref('stg_commerce') }}
    where user_id is not null
    {% if is_incremental() %}
        and {{ in_touched(is_touched(by_actor(['user_id'])), timestamp_column='event_at') }}
    {% endif %}

),

described as (

    select
        event_date,
        user_id,
        event_at,
        {{ first_known('customer_email', 'event_date, user_id', newest_first) }} as customer_email,
        {{ first_known('country', 'event_date, user_id', newest_first) }} as country
    from events

)

select
    event_date,
    user_id as customer_id,
    max(customer_email) as customer_email,
    max(country) as country,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    count(*) as events
from described
group by event_date, user_id
