-- touched_table.sql: the accounts and periods whose calls are not what they were, be it by their catalogue alone; empty.
create or replace table touched (account_id varchar, period varchar)
