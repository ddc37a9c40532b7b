{{ rebuild_by('person', person_id='coalesce(person_id, session_id)') }}

{%- set given = 'identity_space, session_id' %}
{%- set actor = 'identity_space, gap_person_id, session_id' %}
{%- set in_order = 'first_event_at, last_event_at, user_id, anonymous_id' %}

with days as (

    select * from {{ ref('int_session_days') }}
    where {{ up_to_as_of() }}

),

resolved as (

    select
        days.*,
        {{ stitched_id('days') }} as person_id
    from days
    {{ join_identities('days') }}

),

rebuilt_pieces as (

    select * from resolved
    where {{ rebuilt() }}

),

pieces as (

    -- A session with an id has pieces of several people, and its owner may be any of them.
    select
        resolved.*,
        case when session_id is null then person_id end as gap_person_id
    from resolved
    where {{ rebuilt() }}
        or {{ shares_key(given, 'rebuilt_pieces') }}

),

in_several_pieces as (

    select identity_space, session_id, {{ session_cut_at('min(first_event_at)') }} as cut_at, sum(events) as all_events
    from pieces
    where session_id is not null
    group by {{ given }}
    having count(*) > 1

),

marked as (

    select
        pieces.*,
        pieces.session_id is not null and in_several_pieces.session_id is null as is_whole_session,
        in_several_pieces.cut_at,
        in_several_pieces.all_events
    from pieces
    left join in_several_pieces
        on pieces.identity_space = in_several_pieces.identity_space
        and pieces.session_id = in_several_pieces.session_id

),

split_dates as (

    -- The sessions that are cut between two events of a piece. Their pieces of that date are made anew.
    select distinct event_date, identity_space, session_id, cut_at, all_events
    from marked
    where first_event_at <= cut_at
        and last_event_at > cut_at

),

split_events as (

    select events.*
    from {{ ref('fct_events') }} as events
    inner join split_dates
        on events.event_date = split_dates.event_date
        and events.identity_space = split_dates.identity_space
        and events.session_id = split_dates.session_id
        and events.event_at <= split_dates.cut_at

),

split_pieces as (

    {{ session_pieces('split_events') | indent(4) }}

),

kept as (

    select
        {% for column in piece_columns() -%}
        marked.{{ column }},
        {% endfor -%}
        marked.person_id,
        marked.gap_person_id,
        marked.all_events
    from marked
    left join split_dates
        on marked.event_date = split_dates.event_date
        and marked.identity_space = split_dates.identity_space
        and marked.session_id = split_dates.session_id
    where not marked.is_whole_session
        and split_dates.session_id is null
        and (marked.cut_at is null or marked.first_event_at <= marked.cut_at)

    union all

    select
        {% for column in piece_columns() -%}
        split_pieces.{{ column }},
        {% endfor -%}
        {{ stitched_id('split_pieces') }} as person_id,
        cast(null as varchar(65535)) as gap_person_id,
        split_dates.all_events
    from split_pieces
    inner join split_dates
        on split_pieces.event_date = split_dates.event_date
        and split_pieces.identity_space = split_dates.identity_space
        and split_pieces.session_id = split_dates.session_id
    {{ join_identities('split_pieces') }}

),

spaced as (

    -- Pieces of one person may overlap, for example on two devices. So the gap counts from the latest end so far.
    select
        kept.*,
        max(last_event_at) over (
            partition by {{ actor }}
            order by {{ in_order }}
            rows between unbounded preceding and 1 preceding
        ) as previous_event_at,
        -- The owner of a session with an id is the last user in it, else whom its last anonymous id stands for.
        row_number() over (
            partition by {{ actor }}
            order by
                case when user_id is not null then 0 when anonymous_id is not null then 1 else 2 end,
                last_event_at desc,
                user_id desc,
                anonymous_id desc
        ) as owner_place
    from kept

),

numbered as (

    select
        spaced.*,
        sum(
            case
                when session_id is null
                    and {{ is_later_by_more_than('previous_event_at', 'first_event_at', var('session_gap_seconds')) }}
                    then 1
                else 0
            end
        ) over (partition by {{ actor }} order by {{ in_order }} rows unbounded preceding) as run_number
    from spaced

),

described as (

    select
        numbered.*,
        row_number() over (partition by {{ actor }}, run_number order by {{ in_order }}) as piece,
        lag(last_step) over (partition by {{ actor }}, run_number order by {{ in_order }}) as step_before
    from numbered

),

continued as (

    -- A piece may begin with the step that the piece before it ended in: the journey names that step once.
    select
        described.*,
        case
            when step_before = first_step then nullif(substring(journey, length(first_step) + 4), '')
            else journey
        end as piece_journey
    from described

),

joined as (

    select
        identity_space,
        coalesce(gap_person_id, max(case when owner_place = 1 then person_id end)) as person_id,
        session_id,
        min(first_event_at) as started_at,
        max(last_event_at) as ended_at,
        cast(sum(events) as bigint) as events,
        cast(coalesce(max(all_events), sum(events)) - sum(events) as bigint) as events_after_cut,
        cast(sum(views) as bigint) as views,
        cast(sum(conversions) as bigint) as conversions,
        sum(case when is_bot then 1 else 0 end) > 0 as is_bot,
        {{ earliest('channel', 'channel_at') }} as channel,
        {{ earliest('device_platform', 'device_platform_at') }} as device_platform,
        {% for column in session_details() -%}
        {{ latest(column, 'last_event_at') if column == 'last_page' else earliest(column, 'first_event_at') }} as {{ column }},
        {% endfor -%}
        {{ dbt.listagg('piece_journey', "' > '", 'order by piece') }} as journey
    from continued
    group by {{ actor }}, run_number

),

sessions as (

    -- Most sessions are one piece and need no joining.
    select
        identity_space,
        person_id,
        session_id,
        first_event_at as started_at,
        last_event_at as ended_at,
        events,
        0 as events_after_cut,
        views,
        conversions,
        coalesce(is_bot, false) as is_bot,
        channel,
        device_platform,
        {% for column in session_details() -%}
        {{ column }},
        {% endfor -%}
        journey
    from marked
    where is_whole_session

    union all

    select
        identity_space,
        person_id,
        session_id,
        started_at,
        ended_at,
        events,
        events_after_cut,
        views,
        conversions,
        is_bot,
        channel,
        device_platform,
        {% for column in session_details() -%}
        {{ column }},
        {% endfor -%}
        {{ first_parts('journey', ' > ', var('journey_steps')) }} as journey
    from joined

)

select * from sessions
where {{ rebuilt() }}
