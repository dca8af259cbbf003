-- time_format.sql: one row where DuckDB understands a stated format of times; an error where it does not.
select try_strptime('', $time_format) is null as understood
