-- code_rows.sql: codes with the deck row that calls have there. In: code_slots, slot_choices.
create or replace temp table code_rows as
select tariff, code, slot, row_id
from code_slots
left join slot_choices using (slot)
