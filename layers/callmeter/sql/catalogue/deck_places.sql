-- deck_places.sql: settles what the destinations say of a deck's rows. In: deck_cells, destinations.
-- A row without a prefix becomes a row for each prefix of its destination; a name nobody knows keeps a null prefix. A row
-- is a code by its own group, or by its destination's where it has none.
create or replace temp table deck_cells as
with named as (
    select
        deck_cells.* replace (
            coalesce(prefix_cell, destinations.prefix) as prefix_cell,
            coalesce(deck_cells.prefix, destinations.prefix) as prefix
        ),
    from deck_cells
    left join destinations
        on deck_cells.prefix_cell is null
        and lower(destinations.destination) = lower(deck_cells.destination_cell)
),

grouped as (
    select named.*, is_code_group(coalesce(named.group_cell, whole."group")) as grouped_as_code
    from named
    left join destinations as whole
        on whole.prefix = named.prefix
        and (named.destination_cell is null or lower(whole.destination) = lower(named.destination_cell))
)

select * exclude (grouped_as_code) replace (
    grouped_as_code as is_code,
    if(grouped_as_code, prefix_cell, prefix) as prefix
)
from grouped
