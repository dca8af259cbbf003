-- threecx_report.sql: the call reports of 3CX's console -> raw_calls. In: named_fields; variable day_first. Grain: one row per
-- line. Ends are written as a number, or as a name with the number behind it: "Hill, Anna (101)". Totals have no time.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        kind,
        cell_text(call_id) as call_id,
        cell_text("from") as from_end,
        cell_text("to") as to_end,
        cell_text(start) as start,
        cell_text(talking) as talking,
        coalesce(
            nullif(regexp_extract("from", '[(]([+*#0-9][^()]*)[)]\s*$', 1), ''),
            own_number(cell_text("from"))
        ) as from_number,
        coalesce(nullif(regexp_extract("to", '[(]([+*#0-9][^()]*)[)]\s*$', 1), ''), own_number(cell_text("to"))) as to_number,
        direction_of(cell_text(direction)) as stated,
        is_unanswered(regexp_replace(status, '<[^>]*>', '', 'g')) as unanswered,
    from named_fields
)

select
    line,
    irregular,
    malformed,
    null::varchar as id_text,
    concat_ws('|', call_id, start, from_end, to_end, talking) as id_parts,
    from_number as from_text,
    to_number as to_text,
    iso_time(start, getvariable('day_first')) as start_text,
    coalesce(seconds_text(talking, '1'), '0') as duration_text,
    not coalesce(unanswered, false) as answered,
    case
        when stated is not null then stated
        when is_phone_name(from_number) and is_phone_name(to_number) then 'internal'
        when is_phone_name(from_number) then 'outbound'
        when is_phone_name(to_number) then 'inbound'
    end as direction,
    if(is_phone_name(from_number), from_number, null) as login,
    if(is_phone_name(to_number), to_number, null) as called_login,
    null::varchar as code,
    null::varchar as carrier,
    null::bigint as near_epoch,
    case
        when kind is not null and kind <> 'CallDetail 0' then 'no-call'
        when coalesce(not regexp_matches(start, '[0-9]'), true) then 'no-call'
    end as role,
from named
