-- unplaced.sql: whether the destinations have to say which rows are codes, or what their prefixes are; one row.
-- In: deck_cells, destinations. Most decks need neither.
select
    exists (select 1 from deck_cells where prefix_cell is null or is_code_group(group_cell))
    or exists (select 1 from destinations where is_code_group("group")) as unplaced
