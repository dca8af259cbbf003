-- duplicates.sql: the calls that repeat one, by their call_row. In: identities, priced_calls.
-- An identity counts once per account, the first by (file, line). Design 3.10. Two files may have one name, and a file
-- may come twice: file and line do not tell rows apart. $within_period: an identity that comes again in another period
-- is another call, and a row that is kept with a period that is not its own only takes part in finding repeats:
-- see kept_objects.sql. Most ids come once: only those whose hash comes again are looked at.
create or replace temp table duplicates as
with again as (
    select hash(call_id) as id_hash
    from identities
    group by id_hash
    having count(*) > 1
),

doubtful as (
    select call_row
    from identities
    semi join again on again.id_hash = hash(identities.call_id)
),

calls as (
    select call_row, account_id, call_id, coalesce(kept_in, period::varchar) as kept_in, file, line
    from priced_calls
    semi join doubtful using (call_row)
)

select call_row
from calls
qualify row_number() over (
    partition by account_id, call_id, if($within_period, kept_in, '')
    order by file, line, call_row
) > 1
union
select call_row
from priced_calls
where kept_in <> period::varchar
