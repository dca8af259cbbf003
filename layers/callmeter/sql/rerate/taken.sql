-- taken.sql: the lines of one file that take the revised outcome: where either is a call of the period and accounts; of
-- rejects that stay such, those of a revision for all accounts. In: kept_calls, rejects, revised_calls, revised_rejects.
create or replace temp table taken as
with outcomes as (
    select line, period, account_id from kept_calls
    union all
    select line, period, account_id from revised_calls
)

select line
from outcomes
where period = $period and ($accounts::varchar[] is null or list_contains($accounts::varchar[], account_id))
union
select line
from rejects
semi join revised_rejects using (line)
where $accounts::varchar[] is null
