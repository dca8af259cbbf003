-- calls_matched_table.sql: where stage 1 puts its calls, empty: narrow, with rows of the catalogue instead of what they say.
create or replace table calls_matched (
    file_row integer,
    line integer,
    call_id varchar,
    direction direction,
    from_number varchar,
    to_number varchar,
    started_at timestamp,  -- UTC
    duration_seconds integer,
    answered boolean,
    account_row integer,
    trunk varchar,
    supplier_row integer,
    sell_row integer,  -- row_id in deck_rows
    buy_row integer
)
