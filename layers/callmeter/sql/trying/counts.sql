-- counts.sql: what kinds of rows a file has. In: tried.
select
    count(*) filter (reason is distinct from 'no-call') as rows_in,
    count(*) filter (reason is null) as calls,
    count(*) filter (reason is null and direction = 'outbound') as outbound,
    count(*) filter (reason is null and direction = 'inbound') as inbound,
    count(*) filter (reason is null and direction = 'internal') as internal,
    count(*) filter (reason is null and direction is null) as direction_not_stated,
    count(*) filter (reason is null and not answered) as unanswered,
    count(*) filter (
        reason is null
        and coalesce(direction, 'outbound') = 'outbound'
        and not regexp_full_match(from_number, '[1-9][0-9]{6,14}')
    ) as caller_without_number,
    count(*) filter (reason is null and is_code and coalesce(direction, 'outbound') = 'outbound') as called_a_code,
    count(*) filter (reason = 'other-leg') as other_legs,
    count(*) filter (reason = 'no-call') as no_calls,
    count(*) filter (reason not in ('other-leg', 'no-call')) as rejected,
    count(*) filter (
        reason is null and is_local and is_repeated($timezone, timezone($timezone, timezone('UTC', started_at)))
    ) as in_the_repeated_hour,
    count(*) filter (reason is null and started_at > $now) as in_the_future,
    count(*) filter (reason is null) - count(distinct call_id) filter (reason is null) as repeated_identity,
    count(*) filter (reason is null and regexp_full_match(call_id, '[0-9a-f]{32}')) as identity_composed,
    min(started_at) filter (reason is null) as first_start,
    max(started_at) filter (reason is null) as last_start,
from tried
