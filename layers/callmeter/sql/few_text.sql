-- few_text.sql: what is one of a handful in every call: plans, currencies, periods, files and the words of pricing, as a
-- type. In: used_accounts, used_rows, periods, files, suppliers, calls_matched; variable catalogue.
create type few_text as enum (
    select plan from used_accounts
    union
    select currency from used_accounts
    union
    select label from periods
    union
    select deck from used_rows
    union
    select file from files
    union
    select source from files
    union
    select carrier from suppliers
    union
    select trunk from calls_matched
    union
    select unnest([
        '', 'rated', 'unanswered', 'late', 'deck', 'per-minute', 'per-second', 'half-up', 'up', 'down', getvariable('catalogue')
    ])
    order by all
)
