-- didww.sql: DIDWW's exports and streamed records -> raw_calls. In: named_fields. Grain: one row per line: an attempt.
-- A row with a DID is inbound; its destination is the trunk that took it. Without an id, an identity is made of what a row
-- says and of how many before this one say the same.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        coalesce(
            malformed,
            if(len(cells) < 5, format('the line has {} fields only', len(cells)), null)
        ) as malformed,
        cell_text(id) as id,
        cell_text(kind) as kind,
        cell_text(began) as began,
        cell_text(caller) as caller,
        cell_text(did) as did,
        cell_text(called) as called,
        cell_text(seconds) as seconds,
        cell_text(code) as code,
        cell_text(attempt) as attempt,
    from named_fields
),

told_apart as (
    select *, concat_ws('|', began, caller, coalesce(did, called), seconds, code, attempt) as parts
    from named
)

select
    line,
    irregular,
    malformed,
    id as id_text,
    'didww|' || parts || '|' || row_number() over (partition by parts order by line) as id_parts,
    as_e164(caller) as from_text,
    as_e164(coalesce(did, called)) as to_text,
    began as start_text,
    seconds as duration_text,
    null::boolean as answered,
    if(starts_with(kind, 'inbound') or did is not null, 'inbound', 'outbound') as direction,
    null::varchar as login,
    null::varchar as called_login,
    null::varchar as code,
    'didww' as carrier,
    null::bigint as near_epoch,
    null::varchar as role,
from told_apart
