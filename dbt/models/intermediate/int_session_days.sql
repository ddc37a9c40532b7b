{{ rebuild_by('actor') }}

with events as (

    select * from {{ ref('fct_events') }}
    where (session_id is not null or user_id is not null or anonymous_id is not null)
        and {{ rebuilt() }}

),

pieces as (

    {{ session_pieces('events') | indent(4) }}

)

select * from pieces
