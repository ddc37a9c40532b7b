{{ config(alias='events') }}
{{ rebuild_by('date', event_date='cast(event_timestamp as date)') }}

select
    event_id,
    user_id,
    event_name,
    {{ utc_timestamp('event_at') }} as event_timestamp
from {{ ref('stg_mobile') }}
where {{ rebuilt() }}
