{{ rebuild_by('arrival') }}

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
    where {{ rebuilt() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from unioned
