-- calls_read_more.sql: adds to calls_read the lines that were cut with care. In: calls_normalised.
insert into calls_read
select * from calls_normalised
