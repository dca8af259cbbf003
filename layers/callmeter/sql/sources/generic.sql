-- generic.sql: any CSV with a header -> raw_calls. In: named_fields. Grain: one row per line.
create or replace temp view raw_calls as
select
    line,
    irregular,
    malformed,
    cell_text(call_id) as id_text,
    null::varchar as id_parts,
    cell_text("from") as from_text,
    cell_text("to") as to_text,
    cell_text(start) as start_text,
    cell_text(duration) as duration_text,
    case
        when disposition is null then null
        else not coalesce(regexp_full_match(
            lower(disposition),
            'no[ _-]?answer|busy|failed|fail|cancel|cancell?ed|missed|unanswered|not answered|congestion|rejected|declined'
        ), false)
    end as answered,
    case
        when direction is null then null
        when regexp_full_match(lower(direction), 'o|out|outbound|outgoing') then 'outbound'
        when regexp_full_match(lower(direction), 'i|in|inbound|incoming|received') then 'inbound'
        when regexp_full_match(lower(direction), 'internal|local|intern') then 'internal'
    end as direction,
    cell_text(login) as login,
    null::varchar as called_login,
    cell_text(code) as code,
    cell_text(carrier) as carrier,
    null::bigint as near_epoch,
    null::varchar as role,
from named_fields
