-- generic.sql: any CSV with a header -> raw_calls. In: fields. Grain: one row per line.
create or replace temp view raw_calls as
select
    line,
    coalesce(
        malformed,
        if(
            len(cells) < getvariable('width'),
            format('the line has {} fields, the header {}', len(cells), getvariable('width')),
            surplus_cells(cells, getvariable('width'))
        )
    ) as malformed,
    cell_text(cells[getvariable('call_id')]) as id_text,
    null::varchar as id_parts,
    cell_text(cells[getvariable('from')]) as from_text,
    cell_text(cells[getvariable('to')]) as to_text,
    cell_text(cells[getvariable('start')]) as start_text,
    cell_text(cells[getvariable('duration')]) as duration_text,
    case
        when getvariable('disposition') is null then null
        else not regexp_full_match(
            lower(cell_text(cells[getvariable('disposition')])),
            'no[ _-]?answer|busy|failed|fail|cancel|cancell?ed|missed|unanswered|not answered|congestion|rejected|declined'
        )
    end as answered,
    case
        when getvariable('direction') is null then null
        when regexp_full_match(lower(cell_text(cells[getvariable('direction')])), 'o|out|outbound|outgoing') then 'outbound'
        when regexp_full_match(lower(cell_text(cells[getvariable('direction')])), 'i|in|inbound|incoming|received') then 'inbound'
        when regexp_full_match(lower(cell_text(cells[getvariable('direction')])), 'internal|local|intern') then 'internal'
    end as direction,
    cell_text(cells[getvariable('login')]) as login,
    null::varchar as called_login,
    cell_text(cells[getvariable('code')]) as code,
    cell_text(cells[getvariable('carrier')]) as carrier,
from fields
