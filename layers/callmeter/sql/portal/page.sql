-- page.sql: a page of calls, newest first, after the cursor. In: wanted_calls.
select
    call_id,
    direction,
    from_number,
    to_number,
    strftime(started_at, '%Y-%m-%dT%H:%M:%SZ') as started_at,
    duration_seconds,
    coalesce(billed_seconds, 0) as billed_seconds,
    coalesce(free_seconds, 0) as free_seconds,
    destination,
    "group",
    per_call,
    money(rate_nanos) as rate,
    money(connect_fee_nanos) as connect_fee,
    money(charge_nanos) as charge,
    currency,
    status,
    barred,
from wanted_calls
where $after_start::varchar is null
    or (wanted_calls.started_at, call_id) < (rtrim($after_start, 'Z')::timestamp, $after_id)
order by wanted_calls.started_at desc, call_id desc
limit $limit
