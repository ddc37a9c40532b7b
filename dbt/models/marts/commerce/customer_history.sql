{{ rebuild_by('person', identity_space="'shop'", person_id='customer_id') }}

{%- set in_order = 'event_at, event_id' %}
{%- set attributes = ['customer_email', 'country'] %}
{%- set tells_more -%}
place = 1
        {%- for attribute in attributes %}
        or {{ attribute }} <> {{ attribute }}_before
        or ({{ attribute }} is not null and {{ attribute }}_before is null)
        {%- endfor %}
{%- endset %}

with events as (

    select
        customer_id,
        event_at,
        event_id,
        row_number() over (partition by customer_id order by {{ in_order }}) as place,
        {% for attribute in attributes -%}
        {{ attribute }},
        lag({{ attribute }}) over (partition by customer_id order by {{ in_order }}) as {{ attribute }}_before{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_customer_events') }}
    where {{ up_to_as_of() }}
        and {{ rebuilt() }}

),

telling as (

    -- Most events tell what the one before has told.
    select * from events
    where {{ tells_more }}

),

known as (

    -- What one event tells is still known at the next.
    select
        customer_id,
        event_at,
        {% for attribute in attributes -%}
        {{ last_known(attribute, 'customer_id', in_order) }} as {{ attribute }},
        {% endfor -%}
        row_number() over (partition by customer_id, event_at order by event_id desc) as place_at_instant
    from telling

),

instants as (

    -- Of several events at one instant the last one stands: a version lasts.
    select * from known
    where place_at_instant = 1

),

compared as (

    select
        instants.*,
        row_number() over (partition by customer_id order by event_at) as place,
        {% for attribute in attributes -%}
        lag({{ attribute }}) over (partition by customer_id order by event_at) as {{ attribute }}_before{{ ',' if not loop.last }}
        {% endfor %}
    from instants

),

versions as (

    select * from compared
    where {{ tells_more }}

)

select
    {{ surrogate_key(['customer_id', epoch_microseconds('event_at')]) }} as customer_version_key,
    customer_id,
    customer_email,
    country,
    row_number() over (partition by customer_id order by event_at) as version,
    event_at as valid_from,
    lead(event_at) over (partition by customer_id order by event_at) as valid_to,
    lead(event_at) over (partition by customer_id order by event_at) is null as is_current
from versions
