-- sell_rows.sql: gives calls the rows that were found one by one. In: choosy_rows.
update calls_matched
set sell_row = choosy_rows.row_id
from choosy_rows
where choosy_rows.side = 'sell' and choosy_rows.call_row = calls_matched.rowid
