-- currency_clashes.sql: deck rows in another currency than a plan that uses the deck, the first row of each. In: deck_rows.
with plans_given as (
    select unnest(from_json($plans, '[{"plan": "VARCHAR", "deck": "VARCHAR", "currency": "VARCHAR"}]'), recursive := true)
)

select
    deck_rows.deck,
    plans_given.plan,
    deck_rows.currency,
    plans_given.currency as plan_currency,
    min(line) as line,
from deck_rows
inner join plans_given on plans_given.deck = deck_rows.deck
where deck_rows.currency <> plans_given.currency
group by all
order by deck, line, plan
