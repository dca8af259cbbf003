-- sipgate.sql: sipgate's history items and hangup events -> raw_calls. In: named_fields. Grain: one row per line.
-- Missed calls are unanswered ones. Of an event, what was learnt of its leg says when it was answered.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        coalesce(cell_text(id), cell_text(entry)) as id,
        cell_text(caller) as caller,
        cell_text(called) as called,
        concat_ws(' ', cell_text(began), cell_text(time)) as began,
        try_cast(cell_text(answered_at) as timestamptz) as answered_at,
        try_cast(cell_text(ended_at) as timestamptz) as ended_at,
        cell_text(seconds) as seconds,
        lower(cell_text(direction)) as written_direction,
        lower(cell_text(state)) as state,
        lower(cell_text(kind)) as kind,
        cell_text(event) as event,
        cell_text(cause) as cause,
        cell_text(unanswered) as unanswered,
    from named_fields
),

told as (
    select
        *,
        event is not null
            and answered_at is null
            and (
                unanswered is not null
                or coalesce(cause in ('busy', 'cancel', 'noAnswer', 'congestion', 'notFound'), false)
            ) as never_answered,
        coalesce(regexp_matches(written_direction, 'missed|verpasst'), false)
            or coalesce(
                regexp_full_match(
                    state,
                    'failure|rejected|rejected_dnd|busy|busy_on_busy|missed|nopickup|voicemail_no_message'
                    || '|verpasst|besetzt|abgelehnt|nicht .*'
                ),
                false
            ) as missed,
    from named
)

select
    line,
    irregular,
    malformed,
    id as id_text,
    null::varchar as id_parts,
    as_e164(caller) as from_text,
    as_e164(called) as to_text,
    coalesce(
        try_strptime(began, ['%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M', '%d.%m.%y %H:%M:%S', '%d.%m.%y %H:%M'])::varchar,
        began
    ) as start_text,
    case
        when event is not null and answered_at is not null
        then ((epoch_us(ended_at) - epoch_us(answered_at) + 999999) // 1000000)::varchar
        when never_answered or missed and seconds is null then '0'
        else regexp_replace(seconds, ' *(s|sec|sek|sek\.|sekunden)$', '', 'i')
    end as duration_text,
    not (never_answered or missed) as answered,
    case
        when regexp_matches(written_direction, '^(in|missed_in|eingehend|ankommend|verpasst|missed$)') then 'inbound'
        when regexp_matches(lower(called), '^[a-z][0-9]+$') then 'internal'
        when regexp_matches(written_direction, '^(out|missed_out|ausgehend|abgehend)') then 'outbound'
    end as direction,
    null::varchar as login,
    null::varchar as called_login,
    null::varchar as code,
    'sipgate' as carrier,
    null::bigint as near_epoch,
    if(event <> 'hangup' or regexp_matches(kind, 'sms|fax|mms|nachricht'), 'no-call', null) as role,
from told
