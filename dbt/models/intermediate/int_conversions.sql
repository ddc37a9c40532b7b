-- depends_on: {{ ref('int_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'stream': 'stream', 'event_id': 'event_id'}},
) }}

{#- Streams whose conversions are purchases as they are. Orders that may be reversed are fct_orders instead. -#}
{%- set streams = [
    'stg_snowplow',
    'stg_mobile',
    'stg_clickstream',
] %}

with unioned as (

    {% for stream in streams %}
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
    from {{ ref(stream) }}
    where is_conversion
    {% if is_incremental() %}
        and {{ in_touched(is_gained(), timestamp_column='event_at') }}
    {% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from unioned
