{{ rebuild_by('date') }}

select
    event_date,
    app_id,
    app_version,
    error_language as programming_language,
    coalesce(error_exception, error_class, 'unknown') as error_name,
    count(*) as errors,
    cast(sum(case when error_is_fatal then 1 else 0 end) as bigint) as fatal_errors,
    count(distinct {{ actor_id(['user_id', 'anonymous_id']) }}) as ids
from {{ ref('stg_snowplow') }}
where (error_language is not null or error_exception is not null or error_class is not null)
    and {{ is_counted() }}
    and {{ up_to_as_of() }}
    and {{ rebuilt() }}
group by event_date, app_id, app_version, error_language, coalesce(error_exception, error_class, 'unknown')
