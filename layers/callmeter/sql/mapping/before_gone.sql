-- before_gone.sql: makes room for the raw_calls that a mapping adjusts.
drop view if exists raw_calls_before
