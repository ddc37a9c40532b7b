{{ rebuild_by('person', identity_space="'shop'", person_id='customer_id') }}

{%- set in_order = 'event_at, event_id' %}
{%- set attributes = ['customer_email', 'country'] %}
{%- set has_news -%}
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

news as (

    -- Most events only repeat the attributes of the event before.
    select * from events
    where {{ has_news }}

),

known as (

    -- An attribute stays known until an event changes it.
    select
        customer_id,
        event_at,
        {% for attribute in attributes -%}
        {{ last_known(attribute, 'customer_id', in_order) }} as {{ attribute }},
        {% endfor -%}
        row_number() over (partition by customer_id, event_at order by event_id desc) as place_at_instant
    from news

),

instants as (

    -- If several events have the same time, only the last one counts: a version needs a duration.
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
    where {{ has_news }}

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
