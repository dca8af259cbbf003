-- accounts.sql: one row per account and span of validity, from local midnight in the operator's zone. In: account_texts.
insert into accounts
select
    account_row,
    account_id,
    plan,
    currency,
    timezone,
    anchor_day,
    instant($timezone, valid_from::timestamp) as starts_at,
    instant($timezone, valid_to::timestamp) as ends_at,
from account_texts
order by account_row
