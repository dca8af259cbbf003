-- duplicates.sql: the rows of priced_calls that repeat a call, by their rowid. In: priced_calls.
-- An identity counts once per account, the first by (file, line). Design 3.10. Two files may have one name, and a file
-- may come twice: file and line do not tell rows apart. $within_period: an identity that comes again in another period
-- is another call.
create or replace temp table duplicates as
with repeated as (
    select account_id, call_id
    from priced_calls
    group by account_id, call_id, if($within_period, period, '')
    having count(*) > 1
)

select priced_calls.rowid as call_row
from priced_calls
semi join repeated using (account_id, call_id)
qualify row_number() over (
    partition by account_id, call_id, if($within_period, period, '')
    order by file, line, priced_calls.rowid
) > 1
