-- export.sql: the matching calls for a spreadsheet, newest first. In: wanted_calls. No cell is a formula.
create or replace temp view export as
select
    local_time as time,
    direction,
    spreadsheet_text(from_number) as from_number,
    spreadsheet_text(to_number) as to_number,
    spreadsheet_text(destination) as destination,
    spreadsheet_text("group") as "group",
    duration_seconds,
    billed_seconds,
    free_seconds,
    money(charge_nanos)::decimal(18, 6) as charge,
    currency,
    status,
    barred,
from wanted_calls
order by started_at desc, call_id desc
