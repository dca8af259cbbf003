-- texts.sql: the documents that a text file holds one after the other, each a row of one line: from where the regular
-- expression $begins stands to where it stands again. In: lines. What is before the first is an XML declaration or nothing.
create or replace temp table texts as
with marked as (
    select
        rowid as line,
        if(
            regexp_matches(line, $begins),
            string_split(regexp_replace(line, $begins, chr(31) || '\0', 'g'), chr(31)),
            [line]
        ) as parts,
    from lines
    where line is not null
),

cut as (
    select line, generate_subscripts(parts, 1) as place, trim(unnest(parts), ' ' || chr(9)) as part
    from marked
),

numbered as (
    select *, sum((place > 1)::integer) over (order by line, place) as number
    from cut
)

select number, trim(string_agg(part, ' ' order by line, place)) as document, null::varchar as record
from numbered
where number > 0
group by number
order by number
