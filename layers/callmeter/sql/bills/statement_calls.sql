-- statement_calls.sql: calls for statements, numbers as the customer may see them; times are UTC. In: ledger_rows, hiding.
-- Per account the corrections of earlier periods, then answered calls; of inbound and internal ones, those that cost
-- something.
select
    ledger.account_id,
    call_period as period,
    started_at,
    direction,
    from_number,
    shown(to_number, direction, coalesce(hidden, $hidden_by_default)) as to_number,
    coalesce(own_number, '') as own_number,
    coalesce(destination, '') as destination,
    coalesce("group", '') as "group",
    duration_seconds,
    coalesce(billed_seconds, 0) as billed_seconds,
    coalesce(free_seconds, 0) as free_seconds,
    charge,
    billed_before,
    barred,
    coalesce(reason, '') as reason,
from ledger_rows as ledger
left join hiding
    on hiding.account_id = ledger.account_id
    and ledger.started_at >= hiding.starts_at
    and (hiding.ends_at is null or ledger.started_at < hiding.ends_at)
where (status <> 'unanswered' and (direction = 'outbound' or difference <> 0))
    or call_period <> bill_period
order by ledger.account_id, call_period = bill_period, call_period, ledger.started_at, call_id
