-- fields_bare.sql: as fields.sql, for files without any quoting: a delimiter always ends a cell. In: lines, irregular_lines;
-- variables as fields.sql has them.
create or replace temp view fields as
with listed as (
    select
        (rowid + 1 + getvariable('before'))::integer as line,
        line as raw,
        list_transform(string_split(line, getvariable('delimiter')), lambda cell: trim(cell, ' ' || chr(9))) as cells,
    from lines
    where rowid >= getvariable('skip')
        and line <> ''
        and not no_call(line, getvariable('header'), getvariable('not_calls'))
        and (getvariable('every') or rowid + 1 in (select line from irregular_lines))
        and trim(line, ' ' || chr(9)) <> ''
)

select
    line,
    raw,
    cells,
    case
        when contains(raw, chr(0)) then 'the line has NUL bytes'
        when strlen(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
        when getvariable('width') > 0 and len(cells) < getvariable('width')
        then format('the line has {} fields, the header {}', len(cells), getvariable('width'))
        when getvariable('width') > 0 then surplus_cells(cells, getvariable('width'))
    end as malformed,
from listed
