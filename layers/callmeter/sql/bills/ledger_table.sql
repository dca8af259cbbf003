-- ledger_table.sql: what earlier bills billed, call by call, empty. One row per bill and call; money is decimals of the
-- currency. A ledger object holds what one freeze billed, of many accounts.
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
    rate decimal(18, 9),
    connect_fee decimal(18, 9),
    charge decimal(18, 6),  -- what the call costs now; null while late
    billed_before decimal(18, 6),
    difference decimal(18, 6),  -- what this bill charges for it
    currency varchar,
    status varchar,
    barred boolean,
    bundle varchar,  -- the first allowance of the plan that has the group
    own_number varchar,  -- the account's side of the call
    reason varchar,  -- of a correction: why a call of an earlier period is on this bill
    ledger varchar,  -- the object that holds the row
)
