-- calls_read.sql: the calls of a file, a row per line in its order. In: calls_normalised. Where `line` is null, it is the
-- rowid + 1 + `skip` + `before`; rows that are irregular do not count: calls_read_more.sql reads their lines again.
create or replace temp table calls_read as
select * from calls_normalised
