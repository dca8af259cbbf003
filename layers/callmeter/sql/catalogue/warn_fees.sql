-- warn_fees.sql: decks in which every priced row's connect fee is its rate: a column was read twice. In: deck_rows.
select
    'fee-is-rate' as code,
    deck,
    min(line) as line,
    'connect_fee' as asked,
    format('the connect fee is the rate in all of {} rows that have a price', count(*)) as text,
    'Look whether the fee was meant; a call of a minute costs twice the rate.' as hint,
    1 as found,
from deck_rows
where rate_nanos > 0
group by deck
having bool_and(connect_fee_nanos = rate_nanos) and count(*) > 1
order by deck
