-- diff_times.sql: kinds of time, by which bands hold on either side: a row each; number 0 is for prefixes without bands.
-- In: diff_bands. Bands begin and end on minutes, so that a kind holds from one such minute to the next.
create or replace temp table diff_times as
with edges as (
    select day, from_minute as minute from diff_bands
    union
    select day, to_minute as minute from diff_bands where to_minute < 1440
    union
    select unnest(range(1, 9)) as day, 0 as minute
),

moments as (
    select
        edges.day,
        edges.minute,
        coalesce(list(distinct band order by band) filter (side = 'old'), []::varchar []) as old_bands,
        coalesce(list(distinct band order by band) filter (side = 'new'), []::varchar []) as new_bands,
    from edges
    left join diff_bands
        on diff_bands.day = edges.day
        and diff_bands.from_minute <= edges.minute
        and diff_bands.to_minute > edges.minute
    group by edges.day, edges.minute
),

kinds as (
    select distinct old_bands, new_bands from moments
)

select
    row_number() over (order by old_bands, new_bands)::integer as kind,
    old_bands,
    new_bands,
    coalesce(
        nullif(array_to_string(list_sort(list_distinct(list_concat(old_bands, new_bands))), '+'), ''), 'outside of bands'
    ) as name,
from kinds
union all
select 0 as kind, []::varchar [] as old_bands, []::varchar [] as new_bands, null as name
