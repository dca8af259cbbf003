-- hiding.sql: from when to when each account's numbers are hidden. In: the changes as JSON, oldest first per account.
create or replace temp table hiding as
with changes as (
    select unnest(from_json($changes, '[{"account_id": "VARCHAR", "since": "TIMESTAMP", "hidden": "BOOLEAN"}]'), recursive := true)
)

select
    account_id,
    since as starts_at,
    lead(since) over (partition by account_id order by since) as ends_at,
    hidden,
from changes
