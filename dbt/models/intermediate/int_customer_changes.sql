-- depends_on: {{ ref('int_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    on_schema_change='fail',
    meta={'touched': {'identity_space': "'shop'", 'actor': 'customer_id'}},
) }}

{%- set in_order = 'event_at, event_id' %}
{%- set attributes = ['customer_email', 'country'] %}

with events as (

    select * from {{ ref('stg_commerce') }}
    where user_id is not null
        and (customer_email is not null or country is not null)
    {% if is_incremental() %}
        and {{ in_touched(is_touched(by_actor(['user_id'])), timestamp_column='event_at') }}
    {% endif %}

),

known as (

    select
        event_date,
        user_id,
        event_at,
        event_id,
        {% for attribute in attributes -%}
        {{ last_known(attribute, 'event_date, user_id', in_order) }} as {{ attribute }}{{ ',' if not loop.last }}
        {% endfor %}
    from events

),

compared as (

    select
        known.*,
        row_number() over (partition by event_date, user_id order by {{ in_order }}) as place,
        {% for attribute in attributes -%}
        lag({{ attribute }}) over (partition by event_date, user_id order by {{ in_order }}) as {{ attribute }}_before{{ ',' if not loop.last }}
        {% endfor %}
    from known

)

select event_date, user_id as customer_id, event_at, event_id, customer_email, country
from compared
where place = 1
    {%- for attribute in attributes %}
    or {{ attribute }} <> {{ attribute }}_before
    or ({{ attribute }} is not null and {{ attribute }}_before is null)
    {%- endfor %}
