{{ rebuild_by('date') }}

{#- Up to the first number a measurement is good, above the second it is poor: https://web.dev/articles/vitals -#}
{%- set thresholds = {
    'lcp': [2500, 4000],
    'fcp': [1800, 3000],
    'fid': [100, 300],
    'inp': [200, 500],
    'cls': [0.1, 0.25],
    'ttfb': [800, 1800],
} %}
{%- set page = 'event_date, app_id, page_host, page_path' %}

with measurements as (

    {% for vital, limits in thresholds.items() %}
    select
        {{ page }},
        '{{ vital }}' as vital,
        vitals_{{ vital }} as measured,
        cast({{ limits[0] }} as double precision) as good_up_to,
        cast({{ limits[1] }} as double precision) as poor_above
    from {{ ref('stg_snowplow') }}
    where vitals_{{ vital }} is not null
        and {{ is_counted() }}
        and {{ up_to_as_of() }}
        and {{ rebuilt() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

summed as (

    select
        {{ page }},
        vital,
        count(*) as measurements,
        percentile_cont(0.75) within group (order by measured) as p75,
        sum(case when measured <= good_up_to then 1 else 0 end) as good,
        sum(case when measured > poor_above then 1 else 0 end) as poor,
        max(good_up_to) as good_up_to,
        max(poor_above) as poor_above
    from measurements
    group by {{ page }}, vital

)

select
    {{ page }},
    vital,
    measurements,
    cast(p75 as double precision) as p75,
    case when p75 <= good_up_to then 'good' when p75 <= poor_above then 'needs improvement' else 'poor' end as rating,
    cast(good as bigint) as good,
    cast(measurements - good - poor as bigint) as needs_improvement,
    cast(poor as bigint) as poor
from summed
