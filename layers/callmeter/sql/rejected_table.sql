-- rejected_table.sql: where rejects go, empty. Reasons: errors.py.
create or replace table rejects (file varchar, line integer, reason varchar, detail varchar, raw varchar)
