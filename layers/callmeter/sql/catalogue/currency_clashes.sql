-- currency_clashes.sql: deck rows in another currency than a plan or carrier that uses the deck, the first row of each.
-- In: deck_rows; plans and carriers as JSON.
with users as (
    select 'plan ' || plan as user, deck, currency
    from (select unnest(from_json($plans, '[{"plan": "VARCHAR", "deck": "VARCHAR", "currency": "VARCHAR"}]'), recursive := true))
    union
    select 'carrier ' || carrier as user, deck, currency
    from (
        select unnest(
            from_json($carriers, '[{"carrier": "VARCHAR", "deck": "VARCHAR", "currency": "VARCHAR"}]'), recursive := true
        )
    )
)

select
    deck_rows.deck,
    users.user,
    deck_rows.currency,
    users.currency as user_currency,
    min(line) as line,
from deck_rows
inner join users on users.deck = deck_rows.deck
where deck_rows.currency <> users.currency
group by all
order by deck, line, users.user
