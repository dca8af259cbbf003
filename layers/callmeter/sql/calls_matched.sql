-- calls_matched.sql: adds a file's calls: who pays, and which rows of the decks price them; or the reason why none does. In:
-- calls_read, account_keys, payers, suppliers, searched. One pass: nothing wide is held twice.
insert into calls_matched
with calls as (
    select
        * exclude (line, irregular),
        coalesce(line, rowid + 1 + $skip + $before)::integer as line,
        if(is_code, null, number15(to_number)) as number,
        length(to_number) as number_digits,
    from calls_read
    where not irregular
),

-- The account by code, else login, else number of the calling side; inbound by the called side. Design 3.3.
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
        coalesce(direction, if(caller_row is null and called_row is not null, 'inbound', 'outbound'))::direction as direction,
    from sides
),

paying as (
    select *, if(direction = 'inbound', called_row, caller_row) as account_row
    from directed
),

-- A call that the PBX connected to another login of the same account never left it. Design 3.4.
placed as (
    select
        paying.* exclude (direction),
        if(paying.direction = 'outbound' and callee.account_id = payers.account_id, 'internal'::direction, paying.direction) as direction,
        payers.outbound,
        payers.inbound,
        payers.outbound_codes,
        payers.inbound_codes,
    from paying
    left join payers on payers.account_row = paying.account_row
    left join payers as callee on callee.account_row = paying.callee_row
),

parted as (
    select
        placed.* exclude (outbound, inbound, outbound_codes, inbound_codes, carrier),
        placed.carrier as trunk,
        suppliers.supplier_row,
        case direction
            when 'outbound' then if(is_code, placed.outbound_codes, placed.outbound)
            when 'inbound' then if(is_code, placed.inbound_codes, placed.inbound)
        end as tariff,
        case direction
            when 'outbound' then if(is_code, suppliers.outbound_codes, suppliers.outbound)
            when 'inbound' then if(is_code, suppliers.inbound_codes, suppliers.inbound)
        end as buy_tariff,
    from placed
    left join suppliers on suppliers.trunk = nullif(lower(placed.carrier), '')
)

select
    $file_row as file_row,
    line,
    call_id,
    direction,
    from_number,
    to_number,
    is_code,
    started_at,
    duration_seconds,
    answered,
    account_row,
    trunk,
    supplier_row,
    buy_tariff,
    slot as sell_slot,
    row_id as sell_row,
    null::integer as buy_row,
    case
        when reason is not null then reason
        when account_row is null then 'unknown-account'
    end as reason,
    case
        when reason is not null then detail
        when account_row is null
        then if(direction = 'inbound', format('to "{}"', to_number), format('from "{}"', coalesce(code, login, from_number)))
    end as detail,
from searched('parted')
