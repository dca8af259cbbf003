-- head_rows.sql: the deck row of each head. In: heads, number_slots, code_slots, slot_choices. Prefixes are laid out flat, so
-- that one ASOF join finds the longest; codes match whole. Design 3.2, 3.4.
create or replace temp table head_rows as
with placed as (
    select heads.tariff, heads.head, number_slots.slot
    from heads
    asof join number_slots
        on number_slots.tariff = heads.tariff
        and number_slots.first_number <= heads.first_number
    union all
    select heads.tariff, heads.head, code_slots.slot
    from heads
    inner join code_slots on code_slots.tariff = heads.tariff and code_slots.code = heads.head
    where heads.first_number is null
)

select tariff, head, slot, slot_choices.row_id
from placed
inner join slot_choices using (slot)
