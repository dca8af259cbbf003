-- calls_matched_table.sql: where stage 1 puts its calls, empty: narrow, with rows of the catalogue instead of what they say.
create or replace table calls_matched (
    file_row integer,
    line integer,
    call_id varchar,
    direction direction,
    from_number varchar,
    to_number varchar,
    is_code boolean,
    started_at timestamp,  -- UTC
    duration_seconds integer,
    answered boolean,
    account_row integer,
    trunk varchar,  -- who carried the call on, as its CDR says
    supplier_row integer,
    buy_tariff integer,
    sell_slot integer,  -- where the prefix was found, though which of its rows holds may be still to find
    sell_row integer,  -- row_id in deck_rows
    buy_row integer,
    reason varchar,  -- why it cannot be rated; null where it can, as far as is known
    detail varchar
)
