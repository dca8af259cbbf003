-- buy_rows.sql: gives calls the rows that price them on the buy side. In: calls_asked, choosy_rows.
update calls_matched
set buy_row = found.row_id
from (
    select call_row, row_id from calls_asked where side = 'buy' and row_id is not null
    union all
    select call_row, row_id from choosy_rows where side = 'buy'
) as found
where found.call_row = calls_matched.rowid
