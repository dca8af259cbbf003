-- row_facts.sql: what a deck row says of a call, one row each. In: used_rows.
create or replace temp table row_facts as
select
    row_id,
    destination::destination_text as destination,
    "group"::group_text as "group",
    prefix::prefix_text as prefix,
    deck::few_text as deck,
    rate_nanos,
    connect_fee_nanos,
    money(rate_nanos)::decimal(18, 9) as rate,
    money(connect_fee_nanos)::decimal(18, 9) as connect_fee,
    first_increment,
    increment,
    per_call,
    allowed,
    late,
    max_charge_nanos,
from used_rows
