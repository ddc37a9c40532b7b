{{ rebuild_by('person') }}

{%- set kinds = ['device_platform', 'channel', 'category'] %}

with categories as (

    select
        days.identity_space,
        {{ stitched_id('days') }} as person_id,
        days.category,
        days.events
    from {{ ref('int_user_categories') }} as days
    {{ join_identities('days') }}
    where {{ up_to_as_of('days.event_date') }}

),

counted as (

    select identity_space, person_id, 'device_platform' as kind, device_platform as favourite, sum(events) as weight
    from {{ ref('int_person_days') }}
    where device_platform <> 'unknown'
        and {{ rebuilt() }}
    group by identity_space, person_id, device_platform

    union all

    select identity_space, person_id, 'channel' as kind, channel as favourite, count(*) as weight
    from {{ ref('fct_sessions') }}
    where person_id is not null
        and channel is not null
        and {{ is_counted() }}
        and {{ rebuilt() }}
    group by identity_space, person_id, channel

    union all

    select identity_space, person_id, 'category' as kind, category as favourite, sum(events) as weight
    from categories
    where {{ rebuilt() }}
    group by identity_space, person_id, category

),

ranked as (

    select
        counted.*,
        row_number() over (partition by identity_space, person_id, kind order by weight desc, favourite) as place
    from counted

)

select
    identity_space,
    person_id,
    {% for kind in kinds -%}
    max(case when kind = '{{ kind }}' then favourite end) as {{ kind }}{{ ',' if not loop.last }}
    {% endfor %}
from ranked
where place = 1
group by identity_space, person_id
