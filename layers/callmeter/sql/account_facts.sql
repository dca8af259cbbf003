-- account_facts.sql: what an account and a period say of a call: one row per account row and period. In: used_accounts, plans,
-- periods.
create or replace temp table account_facts as
select
    account_row,
    account_id::account_text as account_id,
    accounts.plan::few_text as plan,
    accounts.currency::few_text as currency,
    own_increment(plans.billing) as own_increment,
    plans.charge_step,
    rounding_of(plans.rounding, plans.charge_step) as rounding_nanos,
    plans.rounding::few_text as rounding,
    periods.label::few_text as period,
    periods.starts_at,
    periods.ends_at,
from used_accounts as accounts
left join plans on plans.plan = accounts.plan
inner join periods on periods.timezone = accounts.timezone and periods.anchor_day = accounts.anchor_day
