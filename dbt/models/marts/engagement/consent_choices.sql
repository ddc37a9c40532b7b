{{ rebuild_by('date') }}

select
    event_date,
    app_id,
    consent_event as choice,
    consent_version,
    count(*) as choices,
    count(distinct {{ actor_id(['user_id', 'anonymous_id']) }}) as ids
from {{ ref('stg_snowplow') }}
where consent_event is not null
    and {{ is_counted() }}
    and {{ up_to_as_of() }}
    and {{ rebuilt() }}
group by event_date, app_id, consent_event, consent_version
