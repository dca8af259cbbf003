-- suppliers.sql: the carriers as calls find them, with the parts of their deck, one row per name in CDRs. In: carriers,
-- deck_parts.
create or replace temp table suppliers as
select
    row_number() over (order by carriers.trunk)::integer as supplier_row,
    carriers.*,
    deck_parts.* exclude (deck),
from carriers
left join deck_parts using (deck)
