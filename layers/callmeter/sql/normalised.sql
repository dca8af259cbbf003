-- normalised.sql: raw_calls -> calls_normalised, one row per line: whole facts, or the reason why not. In: raw_calls.
-- `role` is what a row is that is no call of its own: 'other-leg' of one that the file has, or 'no-call' at all; `near_epoch`
-- about when it began, in Unix seconds, to tell the hour apart that daylight saving repeats. Reasons are judged in the order of the list in errors.py; account and rate come later. The usual forms of numbers, times
-- and durations are told apart first and cheaply: what follows them costs several times as much a cell.
create or replace temp view calls_normalised as
with texts as (
    select
        *,
        plain_e164(from_text) as from_plain,
        plain_e164(to_text) as to_plain,
        try_cast(duration_text as integer) as whole_seconds,
        -- What follows the time of day: Z, +01:00, " +0100", " UTC", " PM"; the commonest forms are told by their length.
        case
            when length(start_text) = 20 and ends_with(start_text, 'Z') then 'Z'
            when length(start_text) = 19 and substr(start_text, 17, 1) = ':' then ''
            else regexp_extract(start_text, ':[0-9]{2}(?:\.[0-9]+)?([^0-9.:].*)$', 1)
        end as suffix,
    from raw_calls
),

bare as (
    select
        *,
        if(from_plain is null, undressed(from_text), null) as from_bare,
        if(to_plain is null, undressed(to_text), null) as to_bare,
    from texts
),

read as (
    select
        *,
        coalesce(
            from_plain,
            e164(from_bare, getvariable('country_code'), getvariable('international'), getvariable('trunk'), getvariable('national_lengths'))
        ) as from_e164,
        coalesce(
            to_plain,
            e164(to_bare, getvariable('country_code'), getvariable('international'), getvariable('trunk'), getvariable('national_lengths'))
        ) as to_e164,
        if(length(to_bare) <= 12, short_code(to_bare), null) as to_code,
        case
            when getvariable('time_format') is null and suffix = 'Z' and length(start_text) = 20
            then try_cast(start_text as timestamp)
            else date_trunc('second', case
                when contains(lower(getvariable('time_format')), '%z')
                then timezone('UTC', try_strptime(start_text, getvariable('time_format'))::timestamptz)
                when getvariable('time_format') is not null
                then instant(getvariable('timezone'), try_strptime(start_text, getvariable('time_format'))::timestamp)
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
            end)
        end as first_instant,
        getvariable('time_format') is null and suffix = '' and contains(start_text, ':') as is_local,
        case
            when whole_seconds::varchar = duration_text then whole_seconds::bigint
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
    from bare
),

timed as (
    select
        *,
        if(
            is_local and near_epoch is not null,
            nearer_instant(first_instant, getvariable('timezone'), try_cast(start_text as timestamp), near_epoch),
            first_instant
        ) as started_at,
    from read
),

judged as (
    select
        *,
        coalesce(started_at between timestamp '2000-01-01' and getvariable('latest'), false) as is_time,
        coalesce(duration_seconds between 0 and 2678400, false) as is_duration,
        coalesce(to_e164, to_code) as number_or_code,
    from timed
)

select
    line,
    irregular,
    case
        when malformed is null and role is not null then role
        when malformed is not null then 'malformed-row'
        when not is_time then 'bad-time'
        when not is_duration then 'bad-duration'
        when number_or_code is null and coalesce(direction, '') <> 'internal' then 'bad-number'
    end as reason,
    case
        when malformed is not null then malformed
        when not is_time then format('start "{}"', coalesce(start_text, ''))
        when not is_duration then format('duration "{}"', coalesce(duration_text, ''))
        when number_or_code is null then format('to "{}"', coalesce(to_text, ''))
    end as detail,
    case
        when id_text is not null then id_text
        else md5(coalesce(
            id_parts,
            concat_ws('|', coalesce(from_e164, from_bare), number_or_code, started_at, duration_seconds)
        ))
    end as call_id,
    direction,
    coalesce(from_e164, from_bare, '') as from_number,
    coalesce(number_or_code, to_bare, '') as to_number,
    to_e164 is null as is_code,
    started_at,
    try_cast(duration_seconds as integer) as duration_seconds,
    coalesce(answered, true) and duration_seconds > 0 as answered,
    lower(login) as login,
    lower(called_login) as called_login,
    lower(code) as code,
    coalesce(carrier, '') as carrier,
    coalesce(is_local and near_epoch is null, false) as is_local,
from judged
