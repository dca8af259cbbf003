-- diff_currencies.sql: the currencies of each deck, both sides together, a row per deck. In: diff_rows.
select deck, list(distinct currency order by currency) filter (currency <> '') as currencies
from diff_rows
group by deck
order by deck
