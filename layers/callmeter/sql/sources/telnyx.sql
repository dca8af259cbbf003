-- telnyx.sql: detail records, CDR reports and call.hangup events of Telnyx -> raw_calls. In: named_fields. Grain: one row
-- per line. Billable are the real seconds: call_sec, else from the answer to the end; a report that has neither has the
-- rounded ones. An event other than the hangup, and the record of a message, a recording or a conference, is no call.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(leg) as leg,
        cell_text(caller) as caller,
        cell_text(called) as called,
        coalesce(cell_text(began_utc), cell_text(began)) as began,
        cell_text(answered_at) as answered_at,
        cell_text(ended_at) as ended_at,
        cell_text(seconds) as seconds,
        cell_text(billed) as billed,
        lower(cell_text(direction)) as written_direction,
        lower(cell_text(cause)) as cause,
        cell_text(unanswered) as unanswered,
        cell_text(event) as event,
        lower(cell_text(kind)) as kind,
        cell_text(login) as login,
    from named_fields
),

timed as (
    select
        *,
        epoch_us(try_cast(ended_at as timestamptz)) - epoch_us(try_cast(answered_at as timestamptz)) as talked_us,
        answered_at is null
            and (
                unanswered is not null
                or coalesce(regexp_full_match(
                    cause, 'call_rejected|originator_cancel|user_busy|not_found|no_answer|timeout'
                ), false)
            ) as never_answered,
    from named
)

select
    line,
    irregular,
    malformed,
    leg as id_text,
    concat_ws('|', caller, called, began, coalesce(seconds, billed)) as id_parts,
    as_e164(caller) as from_text,
    as_e164(called) as to_text,
    regexp_replace(
        coalesce(began, if(never_answered, ended_at, null)), '^([0-9]{2})/([0-9]{2})/([0-9]{4}) ', '\3-\1-\2 '
    ) as start_text,
    case
        when seconds is not null then seconds
        when talked_us is not null then ((talked_us + 999999) // 1000000)::varchar
        when never_answered then '0'
        when billed is not null then billed
        when event is null and kind is null and answered_at is null and ended_at is not null then '0'
    end as duration_text,
    not never_answered as answered,
    case
        when regexp_matches(written_direction, '^(in|terminating|1$)') then 'inbound'
        when regexp_matches(written_direction, '^(out|originating|2$)') then 'outbound'
    end as direction,
    if(regexp_matches(written_direction, '^in'), null, login) as login,
    if(regexp_matches(written_direction, '^in'), login, null) as called_login,
    null::varchar as code,
    'telnyx' as carrier,
    null::bigint as near_epoch,
    case
        when event <> 'call.hangup'
            or regexp_matches(kind, 'messag|sms|mms|fax|verify|conference|recording|amd|stt|tts|inference|embed|storage')
            or regexp_matches(kind, 'stream|siprec|suppression|wireless|lookup|ai-')
        then 'no-call'
    end as role,
from timed
