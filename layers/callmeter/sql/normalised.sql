-- normalised.sql: raw_calls -> calls_read, one row per line: whole facts, or the reason why not. In: raw_calls.
-- Reasons are judged in the order of the list in errors.py; account and rate come later.
create or replace temp view calls_read as
with texts as (
    select
        *,
        undressed(from_text) as from_bare,
        undressed(to_text) as to_bare,
        -- What follows the time of day: Z, +01:00, " +0100", " UTC", " PM"; the commonest forms are told by their length.
        case
            when length(start_text) = 20 and ends_with(start_text, 'Z') then 'Z'
            when length(start_text) = 19 and substr(start_text, 17, 1) = ':' then ''
            else regexp_extract(start_text, ':[0-9]{2}(?:\.[0-9]+)?([^0-9.:].*)$', 1)
        end as suffix,
    from raw_calls
),

read as (
    select
        * exclude (from_bare, to_bare),
        from_bare,
        to_bare,
        coalesce(e164(from_bare, getvariable('country_code'), getvariable('international'), getvariable('trunk'), getvariable('national_lengths')), '') as from_e164,
        e164(to_bare, getvariable('country_code'), getvariable('international'), getvariable('trunk'), getvariable('national_lengths')) as to_e164,
        if(length(to_bare) <= 12, short_code(to_bare), null) as to_code,
        date_trunc('second', case
            when contains(lower(getvariable('time_format')), '%z')
            then timezone('UTC', try_strptime(start_text, getvariable('time_format'))::timestamptz)
            when getvariable('time_format') is not null then instant(getvariable('timezone'), try_strptime(start_text, getvariable('time_format'))::timestamp)
            when suffix = 'Z' then try_cast(left(start_text, -1) as timestamp)
            when upper(trim(suffix)) in ('Z', 'UTC', 'GMT')
            then try_cast(left(start_text, length(start_text) - length(suffix)) as timestamp)
            when suffix <> ''
            then if(
                regexp_full_match(trim(suffix), '[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?'),
                timezone(
                    'UTC',
                    try_cast(left(start_text, length(start_text) - length(suffix)) || trim(suffix) as timestamptz)
                ),
                null
            )
            when contains(start_text, ':') then instant(getvariable('timezone'), try_cast(start_text as timestamp))
            when regexp_full_match(start_text, '[0-9]{8,11}(\.[0-9]+)?')
            then make_timestamp(try_cast(split_part(start_text, '.', 1) as bigint) * 1000000)
            when regexp_full_match(start_text, '[0-9]{12,14}') then make_timestamp(try_cast(start_text as bigint) * 1000)
            when regexp_full_match(start_text, '[0-9]{15,17}') then make_timestamp(try_cast(start_text as bigint))
        end) as started_at,
        case
            when regexp_full_match(duration_text, '[0-9]{1,9}') then try_cast(duration_text as bigint)
            when regexp_full_match(duration_text, '[0-9]{1,12}(\.[0-9]*)?|\.[0-9]+')
            then ceil(try_cast(duration_text as decimal(38, 9)))::bigint
            when regexp_full_match(duration_text, '([0-9]{1,4}:)?[0-9]{1,4}:[0-5][0-9](\.[0-9]+)?')
            then list_reduce(
                list_transform(
                    string_split(duration_text, ':'),
                    lambda part: ceil(try_cast(part as decimal(38, 9)))::bigint
                ),
                lambda total, part: total * 60 + part
            )
        end as duration_seconds,
    from texts
)

select
    line,
    case
        when malformed is not null then 'malformed-row'
        when not coalesce(started_at between timestamp '2000-01-01' and getvariable('latest'), false) then 'bad-time'
        when not coalesce(duration_seconds <= 2678400, false) then 'bad-duration'
        when coalesce(to_e164, to_code) is null and coalesce(direction, '') <> 'internal' then 'bad-number'
    end as reason,
    case
        when malformed is not null then malformed
        when not coalesce(started_at between timestamp '2000-01-01' and getvariable('latest'), false)
        then format('start "{}"', coalesce(start_text, ''))
        when not coalesce(duration_seconds <= 2678400, false) then format('duration "{}"', coalesce(duration_text, ''))
        when coalesce(to_e164, to_code) is null then format('to "{}"', coalesce(to_text, ''))
    end as detail,
    coalesce(
        id_text,
        md5(coalesce(
            id_parts,
            concat_ws('|', coalesce(nullif(from_e164, ''), from_bare), coalesce(to_e164, to_code), started_at, duration_seconds)
        ))
    ) as call_id,
    direction,
    if(from_e164 <> '', from_e164, coalesce(from_bare, '')) as from_number,
    coalesce(to_e164, to_code, to_bare, '') as to_number,
    to_e164 is null as is_code,
    started_at,
    try_cast(duration_seconds as integer) as duration_seconds,
    coalesce(answered, true) and duration_seconds > 0 as answered,
    lower(login) as login,
    lower(called_login) as called_login,
    lower(code) as code,
    carrier,
from read
