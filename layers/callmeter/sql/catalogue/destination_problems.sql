-- destination_problems.sql: what is wrong in destinations.csv, a row per problem. In: fields.
with destination_cells as (
    select
        line,
        raw,
        coalesce(malformed, surplus_cells(cells, $width)) as malformed,
        regexp_replace(cell_text(cells[$prefix]), '^\+', '') as prefix,
        cell_text(cells[$destination]) as destination,
    from fields
),

problems as (
    select line, raw, 'malformed-row' as code, null as asked, malformed as text, 'Write the line as CSV again.' as hint
    from destination_cells
    where malformed is not null

    union all by name
    select line, raw, 'bad-prefix' as code, 'prefix' as asked,
        format('prefix "{}" is not 1 to 15 digits', coalesce(prefix, '')) as text,
        'Write digits of the number with country code, such as 4420.' as hint
    from destination_cells
    where malformed is null and not coalesce(regexp_full_match(prefix, '[0-9*#]{1,15}'), false)

    union all by name
    select line, raw, 'no-name' as code, 'destination' as asked, 'the destination has no name' as text,
        'Write its name, such as UK Mobile.' as hint
    from destination_cells
    where malformed is null and destination is null

    union all by name
    select line, raw, 'twice' as code, 'prefix' as asked,
        format('prefix {} stands on line {} already', prefix, first_line) as text, 'Take one out.' as hint
    from (select *, min(line) over (partition by prefix) as first_line from destination_cells)
    where prefix is not null and line > first_line
)

select * from problems order by line, code
