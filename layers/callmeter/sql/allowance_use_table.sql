-- allowance_use_table.sql: how much of each allowance is used, empty.
create or replace temp table allowance_use (
    account_id varchar, period varchar, name varchar, position integer, used_seconds bigint
)
