-- payers.sql: the accounts as calls find them, with the parts of their plan's deck, one row per account row. In: accounts,
-- plans, tariffs.
create or replace temp table payers as
with parts as (
    select
        deck,
        max(tariff) filter (direction = 'outbound' and not is_code) as outbound,
        max(tariff) filter (direction = 'inbound' and not is_code) as inbound,
        max(tariff) filter (direction = 'outbound' and is_code) as outbound_codes,
        max(tariff) filter (direction = 'inbound' and is_code) as inbound_codes,
    from tariffs
    group by deck
)

select accounts.account_row, accounts.account_id, parts.outbound, parts.inbound, parts.outbound_codes, parts.inbound_codes
from accounts
left join plans on plans.plan = accounts.plan
left join parts on parts.deck = plans.deck
