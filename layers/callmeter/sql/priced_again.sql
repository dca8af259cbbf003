-- priced_again.sql: kept calls as stage 2 takes them. In: kept_calls.
create or replace temp view priced_calls as
select
    rowid as call_row,
    *,
    money(rate_nanos)::decimal(18, 9) as rate,
    money(connect_fee_nanos)::decimal(18, 9) as connect_fee,
from kept_calls
