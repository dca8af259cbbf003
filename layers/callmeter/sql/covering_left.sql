-- covering_left.sql: what is still to cover after a turn. In: covered.
create or replace temp table covering as
select
    call_row, account_id, call_id, period, plan, catalogue, "group", started_at,
    uncovered - takes as uncovered,
    free_seconds + takes as free_seconds,
from covered
