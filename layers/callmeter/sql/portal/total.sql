-- total.sql: what the matching calls come to, one row. In: wanted_calls.
select
    count(*) as calls,
    coalesce(sum(billed_seconds), 0)::bigint as billed_seconds,
    money(coalesce(sum(charge_nanos), 0)) as charge,
from wanted_calls
