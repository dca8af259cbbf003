-- billed_before.sql: what earlier bills charged for each call, one row per account, period and call. In: ledger_rows.
create or replace temp table billed_before as
select
    account_id,
    call_id,
    call_period,
    sum(difference) as billed,
    max_by(struct_pack(
        started_at, direction, from_number, to_number, destination, "group", duration_seconds, billed_seconds,
        free_seconds, barred
    ), bill_period) as as_billed,
from ledger_rows
group by account_id, call_id, call_period
