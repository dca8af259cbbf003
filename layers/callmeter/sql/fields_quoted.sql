-- fields_quoted.sql: as fields.sql, for files that put every cell into quotes and leave quotes inside of them as they are, as
-- FreeSWITCH and FusionPBX do: "O"Brien","1001". A cell ends where a quote, a delimiter and a quote stand together. In: lines,
-- irregular_lines; variables as fields.sql has them.
create or replace temp view fields as
with numbered as (
    select
        (rowid + 1 + getvariable('before'))::integer as line,
        line as raw,
        trim(line, ' ' || chr(9)) as text,
    from lines
    where rowid >= getvariable('skip')
        and line <> ''
        and not no_call(line, getvariable('header'), getvariable('not_calls'))
        and (getvariable('every') or rowid + 1 in (select line from irregular_lines))
        and trim(line, ' ' || chr(9)) <> ''
),

listed as (
    select
        *,
        string_split(
            regexp_replace(
                regexp_replace(text, '^"|"$', '', 'g'),
                '" *' || regexp_escape(getvariable('delimiter')) || ' *"',
                chr(31),
                'g'
            ),
            chr(31)
        ) as cells,
    from numbered
)

select
    line,
    raw,
    list_transform(cells, lambda cell: trim(cell)) as cells,
    case
        when contains(raw, chr(0)) then 'the line has NUL bytes'
        when not starts_with(text, '"') or not ends_with(text, '"') or length(text) < 2
        then 'the line does not begin and end with a quote'
        when strlen(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
        when getvariable('width') > 0 and len(cells) <> getvariable('width')
        then format('the line has {} fields, the header {}', len(cells), getvariable('width'))
    end as malformed,
from listed
