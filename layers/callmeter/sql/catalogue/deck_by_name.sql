-- deck_by_name.sql: a deck that names destinations instead of prefixes: a row for each prefix of the name.
-- In: deck_cells, destinations. Names nobody knows keep a null prefix, and become a problem.
create or replace temp table deck_cells as
select deck_cells.* replace (destinations.prefix as prefix, destinations.prefix as prefix_cell)
from deck_cells
left join destinations on lower(destinations.destination) = lower(deck_cells.destination_cell)
