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
    max_charge_nanos bigint,  -- the most a call costs; null where there is no such bound
    band varchar,  -- the time band it holds in; null is always
    from_prefix varchar,  -- the callers it holds for; null is all
    currency varchar,
    starts_at timestamp,
    ends_at timestamp,  -- exclusive
    line integer,
);

create or replace table destinations (prefix varchar, destination varchar, "group" varchar, line integer);

-- When a time band holds, by the operator's wall clock. day: 1 (Monday) to 7, 8 is a public holiday.
create or replace table bands (band varchar, day utinyint, from_minute smallint, to_minute smallint);

-- Public holidays: a month and day of every year, or one date.
create or replace table holidays (holiday_month utinyint, holiday_day utinyint, holiday date);

create or replace table plans (
    plan varchar,
    deck varchar,
    currency varchar,
    billing varchar,
    charge_step bigint,  -- nanos a charge is rounded to
    rounding varchar,
);

-- Who carries calls on, and what that costs. One row per name that CDRs have for it.
create or replace table carriers (
    trunk varchar,  -- in lower case
    carrier varchar,
    deck varchar,
    currency varchar,
    billing varchar,
    charge_step bigint,
    rounding varchar,
);

-- What one unit of base is worth in quote: times multiply_nanos, or divided by divide_nanos.
create or replace table exchange (
    base varchar,
    quote varchar,
    multiply_nanos bigint,
    divide_nanos bigint,
    starts_at timestamp,
    ends_at timestamp,  -- exclusive
);

-- The parts a deck has for matching: its outbound prefixes, its inbound ones, its codes of either direction.
create or replace table tariffs (tariff integer, deck varchar, direction varchar, is_code boolean);

-- How the longest prefix of a number is found: see marks.sql.
create or replace table marks (mark ubigint, slot integer);

create or replace table code_slots (tariff integer, code varchar, slot integer);

-- The deck rows that calls of a slot may match, best first by `rank`. Where the best always holds, it is alone.
create or replace table slot_rows (slot integer, rank bigint, row_id integer);

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
