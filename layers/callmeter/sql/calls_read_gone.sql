-- calls_read_gone.sql: what was read before makes room for what comes.
drop table if exists calls_read
