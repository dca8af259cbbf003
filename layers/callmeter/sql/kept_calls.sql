-- kept_calls.sql: a file's priced calls, as they are kept in the bucket. In: priced_calls.
insert into kept_calls
select * exclude (call_row, rate, connect_fee) from priced_calls
