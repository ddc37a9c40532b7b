-- What PostgreSQL lacks of Redshift: its date functions, and the catalog's views that dbt's adapter reads.

create function dateadd(unit text, amount bigint, moment timestamp) returns timestamp language sql immutable as
    $$ select moment + (amount || ' ' || unit)::interval $$;
create function dateadd(unit text, amount bigint, moment timestamptz) returns timestamp language sql immutable as
    $$ select dateadd(unit, amount, moment at time zone 'UTC') $$;
create function dateadd(unit text, amount bigint, moment date) returns timestamp language sql immutable as
    $$ select dateadd(unit, amount, moment::timestamp) $$;

-- Counts the boundaries between two moments.
create function datediff(unit text, first timestamp, last timestamp) returns bigint language sql immutable as $$
    select case unit
        when 'microsecond' then (extract(epoch from last) * 1000000 - extract(epoch from first) * 1000000)::bigint
        when 'second' then (extract(epoch from date_trunc(unit, last) - date_trunc(unit, first)))::bigint
        when 'minute' then (extract(epoch from date_trunc(unit, last) - date_trunc(unit, first)) / 60)::bigint
        when 'hour' then (extract(epoch from date_trunc(unit, last) - date_trunc(unit, first)) / 3600)::bigint
        when 'day' then (last::date - first::date)::bigint
        when 'week' then ((date_trunc(unit, last)::date - date_trunc(unit, first)::date) / 7)::bigint
        when 'month' then ((extract(year from last) - extract(year from first)) * 12
            + extract(month from last) - extract(month from first))::bigint
        when 'year' then (extract(year from last) - extract(year from first))::bigint
    end
$$;
create function datediff(unit text, first timestamptz, last timestamptz) returns bigint language sql immutable as
    $$ select datediff(unit, first at time zone 'UTC', last at time zone 'UTC') $$;
create function datediff(unit text, first date, last date) returns bigint language sql immutable as
    $$ select datediff(unit, first::timestamp, last::timestamp) $$;

-- first_value and last_value(… ignore nulls) over what a window holds.
create function keep_first(anyelement, anyelement) returns anyelement language sql immutable strict as $$ select $1 $$;
create aggregate first_not_null(anyelement) (sfunc = keep_first, stype = anyelement);
create function keep_last(anyelement, anyelement) returns anyelement language sql immutable strict as $$ select $2 $$;
create aggregate last_not_null(anyelement) (sfunc = keep_last, stype = anyelement);

create function to_hex(bytes bytea) returns text language sql immutable as $$ select upper(encode(bytes, 'hex')) $$;
create function json_extract_path_text(source text, key text, null_if_invalid boolean) returns text
    language sql immutable as $$ select source::json ->> key $$;
create function json_extract_array_element_text(source text, place int, null_if_invalid boolean) returns text
    language sql immutable as $$ select source::json ->> place $$;

create function pg_get_late_binding_view_cols() returns setof record language sql as
    $$ select null::name, null::name, null::name, null::varchar, null::int where false $$;
create view pg_catalog.svv_external_schemas as
    select ''::varchar as schemaname, ''::varchar as databasename where false;
create view pg_catalog.svv_external_columns as
    select ''::varchar as schemaname, ''::varchar as tablename, ''::varchar as columnname, ''::varchar as external_type,
        0 as columnnum where false;
create view pg_catalog.svv_external_tables as
    select ''::varchar as schemaname, ''::varchar as tablename where false;
