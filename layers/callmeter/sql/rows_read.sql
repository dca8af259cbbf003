-- rows_read.sql: how many rows a file has, and how many began in the hour that daylight saving repeats, without a word which
-- of the two. In: calls_read. Clocks change at half hours, so that the half hours of calls are looked at, and not the calls.
with half_hours as (
    select
        time_bucket(interval 30 minute, started_at) as half_hour,
        is_local and reason is null as is_local,
        count(*) as calls,
    from calls_read
    where not irregular
    group by all
)

select
    coalesce(sum(calls), 0)::bigint as rows_read,
    coalesce(sum(calls) filter (is_local and is_repeated($timezone, timezone($timezone, timezone('UTC', half_hour)))), 0)::bigint
        as ambiguous,
from half_hours
