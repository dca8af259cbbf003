-- before.sql: raw_calls, as the source's own stage makes it, becomes raw_calls_before.
alter view raw_calls rename to raw_calls_before
