-- diff_deck_currency.sql: the currency of those who use a deck, one row or none. In: plans, carriers.
select currency
from (select deck, currency from plans union select deck, currency from carriers)
where deck = $deck
limit 1
