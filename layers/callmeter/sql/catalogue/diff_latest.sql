-- diff_latest.sql: when the last row of the new side begins, and never before $instant; one row. In: diff_rows.
select greatest(max(starts_at), $instant::timestamp) as latest
from diff_rows
where side = 'new' and deck = $deck
