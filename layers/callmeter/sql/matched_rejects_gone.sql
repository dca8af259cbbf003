-- matched_rejects_gone.sql: takes out of calls_matched what went to rejects.
delete from calls_matched
where file_row = $file_row and not is_payable(reason, sell_row, answered, direction)
