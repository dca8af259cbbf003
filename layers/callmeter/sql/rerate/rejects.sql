-- rejects.sql: the file's rejects, revised, by line. In: rejects, revised_rejects, taken.
create or replace table rejects as
with revised as (
    select * from rejects anti join taken using (line)
    union all
    select * from revised_rejects semi join taken using (line)
)

select * from revised
order by line
