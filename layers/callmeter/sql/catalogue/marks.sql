-- marks.sql: prefixes as they are searched by: by halving their length, so that four look-ups find the longest of any length
-- (M. Waldvogel and others, Scalable high speed IP routing lookups, 1997). In: slots.
-- A search asks for the first 8 digits; where they are a mark it goes on with more, 12, else with fewer, 4; and so on. A prefix
-- leaves a mark wherever its search has to go on with more. A mark's slot is the longest prefix so far; null is none.
insert into marks
with paths as (
    select unnest([
        {digits: 1, marked: [1]}, {digits: 2, marked: [2]}, {digits: 3, marked: [2, 3]}, {digits: 4, marked: [4]},
        {digits: 5, marked: [4, 5]}, {digits: 6, marked: [4, 6]}, {digits: 7, marked: [4, 6, 7]}, {digits: 8, marked: [8]},
        {digits: 9, marked: [8, 9]}, {digits: 10, marked: [8, 10]}, {digits: 11, marked: [8, 10, 11]},
        {digits: 12, marked: [8, 12]}, {digits: 13, marked: [8, 12, 13]}, {digits: 14, marked: [8, 12, 14]},
        {digits: 15, marked: [8, 12, 14, 15]}
    ], recursive := true)
),

steps as (
    select digits, unnest(marked) as marked
    from paths
),

heads as (
    select distinct slots.tariff, left(slots.prefix, steps.marked) as head, steps.marked as digits
    from slots
    inner join steps using (digits)
    where not slots.is_code
),

tried as (
    select tariff, head, digits, unnest(range(1, digits + 1)) as tried_digits
    from heads
),

longest as (
    select tried.tariff, tried.head, max_by(slots.slot, slots.digits) as slot
    from tried
    inner join slots
        on slots.tariff = tried.tariff
        and not slots.is_code
        and slots.prefix = left(tried.head, tried.tried_digits)
    group by all
)

select mark_of(heads.tariff, rpad(heads.head, 15, '0')::ubigint, heads.digits, heads.digits) as mark, longest.slot
from heads
left join longest using (tariff, head)
order by mark
