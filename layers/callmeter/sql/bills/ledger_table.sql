-- ledger_table.sql: the ledgers of earlier bills, empty. One row per bill and call; money is decimals of the currency.
create or replace table ledger_rows (
    bill_period varchar,
    account_id varchar,
    call_id varchar,
    call_period varchar,
    started_at timestamp,  -- UTC
    direction varchar,
    from_number varchar,
    to_number varchar,
    destination varchar,
    "group" varchar,
    duration_seconds integer,
    billed_seconds integer,
    free_seconds integer,
    charge decimal(18, 6),  -- what the call costs now; null while late
    billed_before decimal(18, 6),
    difference decimal(18, 6),  -- what this bill charges for it
    currency varchar,
    status varchar,
    barred boolean,
)
