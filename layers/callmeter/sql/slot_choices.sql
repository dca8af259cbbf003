-- slot_choices.sql: which deck row calls of a slot have: one where it is the same for all of a file's calls, else null:
-- then it is found call by call. One row per slot that has any. In: slot_rows, live_rows.
create or replace temp table slot_choices as
with best as (
    select slot_rows.slot, max_by(row_id, rank) as row_id
    from slot_rows
    semi join live_rows using (row_id)
    group by slot_rows.slot
)

select best.slot, if(live_rows.throughout, row_id, null) as row_id
from best
inner join live_rows using (row_id)
