-- mark_rows.sql: marks with the deck row that calls have there. In: marks, slot_choices.
create or replace temp table mark_rows as
select mark, slot, row_id
from marks
left join slot_choices using (slot)
