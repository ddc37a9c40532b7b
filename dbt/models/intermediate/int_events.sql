{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': true},
) }}

with unioned as (

    {% for stream in streams() %}
    select
        stream,
        identity_space,
        event_id,
        event_name,
        event_at,
        event_date,
        arrival_hour,
        event_sequence,
        user_id,
        anonymous_id,
        session_id,
        device_platform,
        channel,
        category,
        is_view,
        is_conversion,
        conversion_value,
        currency,
        order_id,
        is_order_event
    from {{ ref(stream) }}
    {% if is_incremental() %}
    where {{ in_touched(is_gained(), timestamp_column='event_at') }}
    {% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from unioned
