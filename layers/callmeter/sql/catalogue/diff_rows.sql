-- diff_rows.sql: adds a side's rows. In: deck_rows. $deck is what a lone deck is called on both sides; else null.
insert into diff_rows
select $side as side, * replace (coalesce($deck, deck) as deck)
from deck_rows
