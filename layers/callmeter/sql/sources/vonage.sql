-- vonage.sql: Vonage's voice reports and final events -> raw_calls. In: named_fields. Grain: one row per line.
-- An event of a leg that goes on is no call yet. Legs to a SIP address or an app never touch the telephone network.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(leg) as leg,
        cell_text(caller) as caller,
        cell_text(called) as called,
        coalesce(cell_text(began), cell_text(told_at)) as began,
        cell_text(ended) as ended,
        cell_text(seconds) as seconds,
        lower(cell_text(state)) as state,
        coalesce(
            regexp_full_match(lower(cell_text(state)), 'busy|cancell?ed|unanswered|rejected|failed|timeout'), false
        ) as never_answered,
        lower(cell_text(direction)) as written_direction,
    from named_fields
)

select
    line,
    irregular,
    malformed,
    leg as id_text,
    null::varchar as id_parts,
    as_e164(caller) as from_text,
    as_e164(called) as to_text,
    began as start_text,
    if(seconds is null and never_answered, '0', seconds) as duration_text,
    not never_answered as answered,
    case
        when written_direction = 'inbound' then 'inbound'
        when regexp_matches(lower(called), '^(sips?|wss?|app|vbc):') then 'internal'
        when written_direction = 'outbound' then 'outbound'
    end as direction,
    nullif(regexp_extract(lower(caller), '^sips?:([^@;]+)', 1), '') as login,
    null::varchar as called_login,
    null::varchar as code,
    'vonage' as carrier,
    null::bigint as near_epoch,
    case
        when ended is null
            and seconds is null
            and regexp_full_match(state, 'started|ringing|answered|machine|human|record|input|transfer')
        then 'no-call'
    end as role,
from named
