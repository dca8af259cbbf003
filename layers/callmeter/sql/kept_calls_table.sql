-- kept_calls_table.sql: priced calls as they are kept in the bucket, empty: they say all by themselves. Money is nanos of
-- `currency`; charge_nanos is null while late.
create or replace table kept_calls (
    call_id varchar,
    account_id varchar,
    source varchar,
    direction varchar,
    from_number varchar,
    to_number varchar,
    started_at timestamp,  -- UTC
    duration_seconds integer,
    billed_seconds integer,  -- null while late
    destination varchar,
    "group" varchar,
    prefix varchar,
    deck varchar,
    rate_nanos bigint,
    connect_fee_nanos bigint,
    first_increment integer,
    increment integer,
    per_call boolean,
    max_charge_nanos bigint,  -- the most that the call may cost; null where there is no such bound
    charge_nanos bigint,  -- the full price, before allowances
    currency varchar,
    status varchar,
    barred boolean,
    carrier varchar,
    buy_charge_nanos bigint,  -- null where nobody can say
    period varchar,
    plan varchar,
    charge_step bigint,
    rounding varchar,
    catalogue varchar,
    file varchar,
    line integer,
    edge_of varchar,  -- the period next to the call's own that it is within a quarter of an hour of; mostly null
    kept_in varchar,  -- the period that the object is of: the call's own, or edge_of; null outside of objects
)
