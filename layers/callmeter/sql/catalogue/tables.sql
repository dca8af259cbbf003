-- tables.sql: the compiled catalogue's relations, empty. Instants are UTC, null is "no bound"; money is nanos.

create or replace table deck_rows (
    row_id integer,
    deck varchar,
    prefix varchar,
    is_code boolean,  -- an emergency, short or feature code: matched whole, never as a prefix
    destination varchar,
    "group" varchar,
    direction varchar,  -- outbound, inbound
    rate_nanos bigint,  -- per minute, or per call; null where the price is not known
    connect_fee_nanos bigint,
    first_increment integer,
    increment integer,
    per_call boolean,
    allowed boolean,
    late boolean,
    currency varchar,
    starts_at timestamp,
    ends_at timestamp,  -- exclusive
    line integer,
);

create or replace table destinations (prefix varchar, destination varchar, "group" varchar, line integer);

create or replace table plans (
    plan varchar,
    deck varchar,
    currency varchar,
    billing varchar,
    charge_step bigint,  -- nanos a charge is rounded to
    rounding varchar,
);

-- Of every catalogue whose calls are at hand: an account's allowances are those its last call was rated with.
create or replace table allowances (
    catalogue varchar, plan varchar, position integer, name varchar, groups varchar [], minutes integer
);

create or replace table accounts (
    account_row integer,
    account_id varchar,
    plan varchar,
    currency varchar,
    timezone varchar,
    anchor_day integer,
    starts_at timestamp,
    ends_at timestamp,  -- exclusive
);

-- How calls find their account. kind: number (E.164), login, code.
create or replace table account_keys (
    kind varchar,
    key varchar,
    account_row integer,
    starts_at timestamp,
    ends_at timestamp,
);
