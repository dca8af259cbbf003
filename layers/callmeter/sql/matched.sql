-- matched.sql: calls_read -> calls_matched, one row per line: with the account that pays. In: calls_read, account_keys,
-- accounts, plans. Design 3.3: by code, else login, else number of the calling side; inbound by the called side.
-- A call that the PBX connected to another login of the same account never left it. Design 3.4.
create or replace temp table calls_matched as
with calls as (
    select * from calls_read
),

sides as (
    select
        calls.*,
        coalesce(by_code.account_row, by_login.account_row, by_number.account_row) as caller_row,
        coalesce(called_number.account_row, called_login.account_row, by_code.account_row) as called_row,
        called_login.account_row as callee_row,
    from calls
    left join account_keys as by_code
        on by_code.kind = 'code' and by_code.key = calls.code
        and calls.started_at >= by_code.starts_at and calls.started_at < by_code.ends_at
    left join account_keys as by_login
        on by_login.kind = 'login' and by_login.key = coalesce(calls.login, lower(calls.from_number))
        and calls.started_at >= by_login.starts_at and calls.started_at < by_login.ends_at
    left join account_keys as by_number
        on by_number.kind = 'number' and by_number.key = calls.from_number
        and calls.started_at >= by_number.starts_at and calls.started_at < by_number.ends_at
    left join account_keys as called_number
        on called_number.kind = 'number' and called_number.key = calls.to_number
        and calls.started_at >= called_number.starts_at and calls.started_at < called_number.ends_at
    left join account_keys as called_login
        on called_login.kind = 'login' and called_login.key = calls.called_login
        and calls.started_at >= called_login.starts_at and calls.started_at < called_login.ends_at
),

directed as (
    select
        * exclude (direction),
        coalesce(direction, if(caller_row is null and called_row is not null, 'inbound', 'outbound')) as direction,
    from sides
),

paying as (
    select *, if(direction = 'inbound', called_row, caller_row) as account_row
    from directed
)

select
    paying.* exclude (
        reason, detail, direction, caller_row, called_row, callee_row, login, called_login, code, carrier, account_row
    ),
    case
        when reason is not null then reason
        when accounts.account_id is null then 'unknown-account'
    end as reason,
    case
        when detail is not null then detail
        when accounts.account_id is null
        then if(direction = 'inbound', format('to "{}"', to_number), format('from "{}"', coalesce(code, login, from_number)))
    end as detail,
    if(direction = 'outbound' and callee.account_id = accounts.account_id, 'internal', direction) as direction,
    coalesce(carrier, '') as carrier,
    accounts.account_id,
    accounts.plan,
    accounts.currency,
    accounts.timezone,
    accounts.anchor_day,
    plans.deck,
    plans.billing,
    plans.charge_step,
    plans.rounding,
from paying
left join accounts on accounts.account_row = paying.account_row
left join accounts as callee on callee.account_row = paying.callee_row
left join plans on plans.plan = accounts.plan
