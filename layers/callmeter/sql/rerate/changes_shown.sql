-- changes_shown.sql: every change for a spreadsheet, in the order of files and lines. In: changes.
create or replace temp view changes_shown as
select
    * exclude (digest)
    replace (
        spreadsheet_text(file) as file,
        spreadsheet_text(call_id) as call_id,
        spreadsheet_text(from_number) as from_number,
        spreadsheet_text(to_number) as to_number,
        spreadsheet_text(account_before) as account_before,
        spreadsheet_text(account_after) as account_after,
        spreadsheet_text(destination_before) as destination_before,
        spreadsheet_text(destination_after) as destination_after
    )
from changes
order by file, line, digest
