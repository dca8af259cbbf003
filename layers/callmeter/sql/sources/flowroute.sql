-- flowroute.sql: Flowroute's CDR export -> raw_calls. In: named_fields. Grain: one row per line.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(leg) as leg,
        cell_text(caller) as caller,
        cell_text(called) as called,
        cell_text(began) as began,
        cell_text(seconds) as seconds,
        lower(cell_text(direction)) as written_direction,
        replace(replace(lower(cell_text(state)), ' ', ''), '-', '') as state,
    from named_fields
)

select
    line,
    irregular,
    malformed,
    leg as id_text,
    null::varchar as id_parts,
    caller as from_text,
    called as to_text,
    coalesce(
        try_strptime(
            began, ['%m/%d/%Y %H:%M:%S', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M', '%m/%d/%Y %I:%M %p', '%m/%d/%y %H:%M']
        )::varchar,
        began
    ) as start_text,
    seconds as duration_text,
    not coalesce(
        regexp_full_match(state, 'busy|failed|noanswer|cancell?ed|cancel|rejected|unanswered|missed'), false
    ) as answered,
    case
        when regexp_matches(written_direction, '^(in|orig|received)') then 'inbound'
        when regexp_matches(written_direction, '^(out|term)') then 'outbound'
    end as direction,
    null::varchar as login,
    null::varchar as called_login,
    null::varchar as code,
    'flowroute' as carrier,
    null::bigint as near_epoch,
    case when regexp_matches(written_direction, 'sms|mms|messag') then 'no-call' end as role,
from named
