-- account_keys.sql: how calls find their account, a row per number, login and account id. In: accounts, account_texts.
-- Where an account's own rows hold one key at once, the row that began earlier keeps it until it ends.
insert into account_keys
with written as (
    select account_row, unnest(numbers) as number
    from account_texts
),

bare as (
    select account_row, undressed(number) as number
    from written
),

keys as (
    select
        'number' as kind,
        e164(number, $country_code, $international, $trunk, $national_lengths) as key,
        account_row,
    from bare
    union all by name
    select 'login' as kind, lower(unnest(sip_logins)) as key, account_row
    from account_texts
    union all by name
    select 'code' as kind, lower(account_id) as key, account_row
    from accounts
),

spans as (
    select distinct
        keys.kind,
        keys.key,
        account_row,
        accounts.account_id,
        coalesce(accounts.starts_at, timestamp '0001-01-01') as starts_at,
        coalesce(accounts.ends_at, timestamp '9999-01-01') as ends_at,
    from keys
    inner join accounts using (account_row)
),

trimmed as (
    select
        * exclude (starts_at),
        greatest(
            starts_at,
            coalesce(
                max(ends_at) over (
                    partition by kind, key, account_id
                    order by starts_at, account_row
                    rows between unbounded preceding and 1 preceding
                ),
                starts_at
            )
        ) as starts_at,
    from spans
)

select kind, key, account_row, starts_at, ends_at
from trimmed
where starts_at < ends_at
order by account_row, kind, key
