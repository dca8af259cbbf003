-- changes_table.sql: calls that change, one row per line of a file, empty. Charges are full prices, before allowances, null
-- where there is no call or its price is to follow; status is the reason of a reject, or '' where there is nothing at all.
create or replace table changes (
    digest varchar,
    file varchar,
    line integer,
    reason varchar,  -- withdrawn, restored, found, lost, moved, period, priced, repriced, renamed
    call_id varchar,
    started_at timestamp,  -- UTC
    from_number varchar,
    to_number varchar,
    account_before varchar,
    account_after varchar,
    period_before varchar,
    period_after varchar,
    destination_before varchar,
    destination_after varchar,
    rate_before decimal(18, 9),
    rate_after decimal(18, 9),
    charge_before decimal(18, 6),
    charge_after decimal(18, 6),
    currency_before varchar,
    currency_after varchar,
    status_before varchar,
    status_after varchar
)
