-- number_slots.sql: prefixes laid out flat: from which number on which slot holds, a row per change; a null slot is none.
-- In: slots. A change is where a prefix's numbers begin, or end: there the longest prefix around takes over.
insert into number_slots
with starts as (
    select tariff, first_number, max_by(slot, digits) as slot
    from slots
    where not is_code
    group by all
),

ends as (
    select distinct tariff, after_number as first_number
    from slots
    anti join starts on starts.tariff = slots.tariff and starts.first_number = slots.after_number
    where not is_code
),

heads as (
    select
        ends.tariff,
        ends.first_number,
        unnest(range(1, (select max(digits) from slots where not is_code) + 1)) as digits,
    from ends
),

around as (
    select heads.tariff, heads.first_number, max_by(slots.slot, slots.digits) as slot
    from heads
    inner join slots
        on slots.tariff = heads.tariff
        and not slots.is_code
        and slots.digits = heads.digits
        and slots.prefix = left(lpad(heads.first_number::varchar, 15, '0'), heads.digits)
    group by all
),

changes as (
    select * from starts
    union all by name
    select ends.*, around.slot
    from ends
    left join around using (tariff, first_number)
)

select tariff, first_number, slot
from changes
order by tariff, first_number
