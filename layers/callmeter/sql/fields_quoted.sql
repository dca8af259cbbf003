-- fields_quoted.sql: as fields.sql, for files that put every cell into quotes and leave quotes inside of them as they are, as
-- FreeSWITCH and FusionPBX do: "O"Brien","1001". A cell ends where a quote, a delimiter and a quote stand together; numbers
-- may stand without quotes between quoted cells, and the cells in an SQL statement. In: lines, irregular_lines; variables as
-- fields.sql has them.
create or replace temp view fields as
with numbered as (
    select
        (rowid + 1 + getvariable('before'))::integer as line,
        line as raw,
        if(
            starts_with(line, '"') and ends_with(line, '"'),
            line,
            regexp_replace(
                regexp_replace(trim(line, ' ' || chr(9)), '(?i)^insert into .{0,80}? values *[(] *', ''),
                '([)] *)?;$',
                ''
            )
        ) as text,
    from lines
    where rowid >= getvariable('skip')
        and line <> ''
        and not no_call(line, getvariable('header'), getvariable('not_calls'))
        and (getvariable('every') or rowid + 1 in (select line from irregular_lines))
        and trim(line, ' ' || chr(9)) <> ''
),

-- Nearly all lines have neither blanks nor bare numbers between their quotes.
plainly as (
    select *, string_split(substr(text, 2, length(text) - 2), concat('"', getvariable('delimiter'), '"')) as cut
    from numbered
),

listed as (
    select
        *,
        if(
            len(cut) = getvariable('width') and not contains(text, '" ') and not contains(text, ' "'),
            cut,
            string_split(
                regexp_replace(
                    regexp_replace(
                        quoted_numbers(quoted_numbers(text, getvariable('delimiter')), getvariable('delimiter')),
                        '^"|"$',
                        '',
                        'g'
                    ),
                    concat('" *', regexp_escape(getvariable('delimiter')), ' *"'),
                    chr(31),
                    'g'
                ),
                chr(31)
            )
        ) as cells,
    from plainly
)

select
    line,
    raw,
    if(
        contains(raw, '" ') or contains(raw, ' "') or contains(raw, chr(9)),
        list_transform(cells, lambda cell: trim(cell, ' ' || chr(9))),
        cells
    ) as cells,
    case
        when contains(raw, chr(0)) then 'the line has NUL bytes'
        when not starts_with(text, '"') or not ends_with(text, '"') or length(text) < 2
        then 'the line does not begin and end with a quote'
        when strlen(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
        when getvariable('width') > 0 and len(cells) <> getvariable('width')
        then format('the line has {} fields instead of {}', len(cells), getvariable('width'))
    end as malformed,
from listed
