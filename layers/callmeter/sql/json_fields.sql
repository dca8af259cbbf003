-- json_fields.sql: one row per line that is not blank, each a JSON record, with what its `paths` lead to as `cells`: text, null
-- where there is nothing. In: lines; variables paths, before.
create or replace temp view fields as
with numbered as (
    select
        (rowid + 1 + getvariable('before'))::integer as line,
        line as raw,
        coalesce(json_valid(line) and starts_with(ltrim(line), '{'), false) as is_record,
    from lines
    where trim(line, ' ' || chr(9)) <> ''
)

select
    line,
    raw,
    if(is_record, json_extract_string(raw, getvariable('paths')), null) as cells,
    case
        when strlen(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
        when not is_record then 'the line is not a JSON object'
    end as malformed,
from numbered
