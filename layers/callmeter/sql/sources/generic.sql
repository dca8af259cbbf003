-- generic.sql: any CSV with a header -> raw_calls. In: fields. Grain: one row per line.
create or replace temp table raw_calls as
select
    line,
    coalesce(
        malformed,
        case
            when len(cells) < $width then format('the line has {} fields, the header {}', len(cells), $width)
            when len(cells) > $width and trim(array_to_string(cells[$width + 1:], '')) <> ''
            then format('the line has {} fields, the header {}', len(cells), $width)
        end
    ) as malformed,
    cell_text(cells[$call_id]) as id_text,
    null::varchar as id_parts,
    cell_text(cells[$from]) as from_text,
    cell_text(cells[$to]) as to_text,
    cell_text(cells[$start]) as start_text,
    cell_text(cells[$duration]) as duration_text,
    case
        when $disposition is null then null
        else not regexp_full_match(
            lower(trim(cells[$disposition])),
            'no[ _-]?answer|busy|failed|fail|cancel|cancell?ed|missed|unanswered|not answered|congestion|rejected|declined'
        )
    end as answered,
    case
        when $direction is null then null
        when regexp_full_match(lower(trim(cells[$direction])), 'o|out|outbound|outgoing') then 'outbound'
        when regexp_full_match(lower(trim(cells[$direction])), 'i|in|inbound|incoming|received') then 'inbound'
        when regexp_full_match(lower(trim(cells[$direction])), 'internal|local|intern') then 'internal'
    end as direction,
    cell_text(cells[$login]) as login,
    null::varchar as called_login,
    cell_text(cells[$code]) as code,
    cell_text(cells[$carrier]) as carrier,
from fields
