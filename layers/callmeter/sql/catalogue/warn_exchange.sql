-- warn_exchange.sql: carriers in a currency that no rate in force turns into that of a plan, a row each. In: carriers, plans,
-- exchange.
select distinct
    'no-exchange-rate' as code,
    carriers.carrier,
    format('{} charges in {}, and no exchange rate to {} is in force', carriers.carrier, carriers.currency, plans.currency) as text,
    format('Add one to fx.csv, such as 2026-10-01,{},{},1.25; its calls have no buying price without.', carriers.currency, plans.currency)
        as hint,
from carriers
inner join plans on plans.currency <> carriers.currency
anti join exchange
    on exchange.base = carriers.currency
    and exchange.quote = plans.currency
    and exchange.starts_at <= $instant
    and exchange.ends_at > $instant
order by carrier, text
