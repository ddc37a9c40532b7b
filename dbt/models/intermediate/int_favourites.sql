{{ by_person('person_id') }}

{%- set kinds = ['device_platform', 'channel', 'category'] %}

with identities as (

    select * from {{ ref('int_identities') }}

),

counted as (

    select identity_space, person_id, 'device_platform' as kind, device_platform as favourite, sum(events) as weight
    from {{ ref('int_person_days') }}
    where device_platform <> 'unknown'
    {% if is_incremental() %}
        and {{ is_touched_person('identity_space', 'person_id') }}
    {% endif %}
    group by identity_space, person_id, device_platform

    union all

    select identity_space, person_id, 'channel' as kind, channel as favourite, count(*) as weight
    from {{ ref('fct_sessions') }}
    where person_id is not null
        and channel is not null
    {% if is_incremental() %}
        and {{ is_touched_person('identity_space', 'person_id') }}
    {% endif %}
    group by identity_space, person_id, channel

    union all

    select
        days.identity_space,
        coalesce(days.user_id, identities.user_id, days.anonymous_id) as person_id,
        'category' as kind,
        days.category as favourite,
        sum(days.events) as weight
    from {{ ref('int_user_categories') }} as days
    left join identities
        on days.identity_space = identities.identity_space
        and days.anonymous_id = identities.anonymous_id
    where {{ up_to_as_of('days.event_date') }}
    {% if is_incremental() %}
        and {{ is_touched_person(
            'days.identity_space',
            'coalesce(days.user_id, identities.user_id, days.anonymous_id)'
        ) }}
    {% endif %}
    group by
        days.identity_space,
        coalesce(days.user_id, identities.user_id, days.anonymous_id),
        days.category

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
