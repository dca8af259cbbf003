-- statement_calls.sql: a ledger's calls for the statement, local times, numbers as the customer may see them. In: ledger,
-- hiding. Answered calls; of inbound and internal ones, those that cost something.
select
    call_period as period,
    strftime(timezone($timezone, timezone('UTC', started_at)), '%Y-%m-%dT%H:%M:%S') as started_at,
    direction,
    from_number,
    shown(to_number, direction, coalesce(hidden, $hidden_by_default)) as to_number,
    destination,
    "group",
    duration_seconds,
    coalesce(billed_seconds, 0) as billed_seconds,
    coalesce(free_seconds, 0) as free_seconds,
    charge,
    billed_before,
    barred,
from ledger_rows as ledger
left join hiding
    on hiding.account_id = ledger.account_id
    and ledger.started_at >= hiding.starts_at
    and (hiding.ends_at is null or ledger.started_at < hiding.ends_at)
where (status <> 'unanswered' and (direction = 'outbound' or difference <> 0))
    or call_period <> $period
order by call_period = $period, ledger.started_at, call_id
