-- fields.sql: one row per line that is not blank, cut into fields. In: lines.
-- CSV quoting without a parser: a quote toggles "inside", and a delimiter counts only outside.
create or replace temp table fields as
with numbered as (
    select
        (rowid + 1)::integer as line,
        line as raw,
        contains(line, '"') as quoted,
    from lines
    where rowid >= $skip and trim(line) <> ''
),

cut as (
    select
        *,
        case
            when quoted
            then string_split(
                array_to_string(
                    list_transform(
                        string_split(raw, '"'),
                        lambda part, i: if(i % 2 = 1, replace(part, $delimiter, chr(31)), part)
                    ),
                    '"'
                ),
                chr(31)
            )
            else string_split(raw, $delimiter)
        end as cells,
    from numbered
),

unquoted as (
    select
        * exclude (cells),
        case
            when quoted
            then list_transform(
                cells,
                lambda cell: if(
                    starts_with(trim(cell), '"') and ends_with(trim(cell), '"') and length(trim(cell)) > 1,
                    replace(substr(trim(cell), 2, length(trim(cell)) - 2), '""', '"'),
                    cell
                )
            )
            else cells
        end as cells,
    from cut
)

select
    line,
    raw,
    cells,
    case
        when contains(raw, chr(0)) then 'the line has NUL bytes'
        when quoted and (length(raw) - length(replace(raw, '"', ''))) % 2 = 1 then 'a quote is opened and not closed'
        when length(raw) >= 1000000 then 'the line is over a megabyte long; the rest of it is left out here'
    end as malformed,
from unquoted
