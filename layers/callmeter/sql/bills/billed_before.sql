-- billed_before.sql: what the bills that were made charged for each call, one row per account, period and call. In:
-- ledger_rows, freezing. Rows of a ledger that no bill of the account names are of a freeze that was cut short.
create or replace temp table billed_before as
select
    ledger_rows.account_id,
    call_id,
    call_period,
    sum(difference) as billed,
    max_by(struct_pack(
        started_at, direction, from_number, to_number, destination, "group", duration_seconds, billed_seconds,
        free_seconds, rate, connect_fee, status, barred, bundle, own_number, reason,
        "currency" := ledger_rows.currency
    ), bill_period) as as_billed,
from ledger_rows
inner join freezing on freezing.account_id = ledger_rows.account_id
    and freezing.ledgers[ledger_rows.bill_period] = ledger_rows.ledger
group by ledger_rows.account_id, call_id, call_period
