-- key_clashes.sql: numbers and logins that two account rows hold at once, a row per clash. In: account_keys.
with spans as (
    select
        *,
        lag(account_row) over same_key as earlier_row,
        lag(ends_at) over same_key as earlier_end,
    from account_keys
    where key is not null
    window same_key as (partition by kind, key order by starts_at, ends_at, account_row)
)

select kind, key, account_row, earlier_row
from spans
where earlier_row is not null
    and earlier_end > starts_at
order by account_row, kind, key
