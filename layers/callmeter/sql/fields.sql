-- fields.sql: one row per line that is not blank, cut into `cells`: trimmed, without their quotes. In: lines,
-- irregular_lines; variables delimiter, skip, before (the lines of the file before this piece of it), width (how many cells
-- a line has, 0 where that differs), every (all lines, or the irregular ones), header and not_calls (lines that are no
-- calls, see no_call). Every line may be anything.
-- CSV quoting without a parser: a quote toggles "inside", and a delimiter counts only outside. Most lines have neither
-- quotes nor blanks beside a delimiter, and are cut as they are.
create or replace temp view fields as
with numbered as (
    select
        (rowid + 1 + getvariable('before'))::integer as line,
        line as raw,
        case
            when contains(line, '"') or contains(line, chr(9)) then true
            when contains(line, ' ')
            then contains(line, getvariable('delimiter') || ' ')
                or contains(line, ' ' || getvariable('delimiter'))
                or starts_with(line, ' ')
                or ends_with(line, ' ')
            else false
        end as dressed,
    from lines
    where rowid >= getvariable('skip')
        and line <> ''
        and not no_call(line, getvariable('header'), getvariable('not_calls'))
        -- trimming every line would cost as much as cutting it
        and (getvariable('every') or rowid + 1 in (select line from irregular_lines))
        and (not starts_with(line, ' ') and not starts_with(line, chr(9)) or trim(line, ' ' || chr(9)) <> '')
),

marked as (
    select
        *,
        case
            when dressed
            then array_to_string(
                list_transform(
                    string_split(
                        array_to_string(
                            list_transform(
                                string_split(raw, '"'),
                                lambda part, i: if(i % 2 = 1, replace(part, getvariable('delimiter'), chr(31)), part)
                            ),
                            '"'
                        ),
                        chr(31)
                    ),
                    lambda cell: undressed_cell(trim(cell, ' ' || chr(9)))
                ),
                chr(31)
            )
            else raw
        end as text,
    from numbered
),

listed as (
    select *, string_split(text, if(dressed, chr(31), getvariable('delimiter'))) as cells
    from marked
)

select
    line,
    raw,
    cells,
    case
        when contains(raw, chr(0)) then 'the line has NUL bytes'
        when dressed and (length(raw) - length(replace(raw, '"', ''))) % 2 = 1 then 'a quote is opened and not closed'
        when strlen(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
        when getvariable('width') > 0 and len(cells) < getvariable('width')
        then format('the line has {} fields, the header {}', len(cells), getvariable('width'))
        when getvariable('width') > 0 then surplus_cells(cells, getvariable('width'))
    end as malformed,
from listed
