-- payers.sql: the accounts as calls find them, with the parts of their plan's deck, one row per account row. In: accounts,
-- plans, deck_parts.
create or replace temp table payers as
select accounts.account_row, accounts.account_id, deck_parts.* exclude (deck)
from accounts
left join plans on plans.plan = accounts.plan
left join deck_parts on deck_parts.deck = plans.deck
