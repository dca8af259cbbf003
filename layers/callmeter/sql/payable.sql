-- payable.sql: how many rows of a piece of a file became calls that can be rated. In: calls_matched.
select count(*) as payable
from calls_matched
where file_row = $file_row and is_payable(reason, sell_row, answered, direction)
