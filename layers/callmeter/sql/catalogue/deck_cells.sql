-- deck_cells.sql: one row per line of a rate deck, read but not yet judged. In: fields. Null is an empty cell.
-- is_code is settled by deck_places.sql, which also finds the prefixes of rows that name none.
-- An increment cell may hold both values: "60/1". A lone value counts for both.
create or replace temp table deck_cells as
with named as (
    select
        line,
        raw,
        coalesce(malformed, surplus_cells(cells, $width)) as malformed,
        cell_text(cells[$prefix]) as prefix_cell,
        cell_text(cells[$destination]) as destination_cell,
        cell_text(cells[$rate]) as rate_cell,
        cell_text(cells[$group]) as group_cell,
        cell_text(cells[$connect_fee]) as connect_fee_cell,
        cell_text(cells[$first_increment]) as first_cell,
        cell_text(cells[$increment]) as increment_cell,
        cell_text(cells[$per_call]) as per_call_cell,
        cell_text(cells[$allowed]) as allowed_cell,
        cell_text(cells[$late]) as late_cell,
        cell_text(cells[$direction]) as direction_cell,
        cell_text(cells[$effective_from]) as from_cell,
        cell_text(cells[$effective_to]) as to_cell,
        cell_text(cells[$currency]) as currency_cell,
        cell_text(cells[$band]) as band_cell,
        cell_text(cells[$max_charge]) as max_charge_cell,
        cell_text(cells[$from_prefix]) as from_prefix_cell,
    from fields
)

select
    *,
    false as is_code,
    if(starts_with(prefix_cell, '+'), substr(prefix_cell, 2), prefix_cell) as prefix,
    nanos(rate_cell) as rate_nanos,
    coalesce(nanos(connect_fee_cell), 0) as connect_fee_nanos,
    nanos(max_charge_cell) as max_charge_nanos,
    if(starts_with(from_prefix_cell, '+'), substr(from_prefix_cell, 2), from_prefix_cell) as from_prefix,
    try_cast(split_part(coalesce(first_cell, increment_cell, '1'), '/', 1) as integer) as first_increment,
    try_cast(
        case
            when contains(first_cell, '/') then split_part(first_cell, '/', 2)
            when contains(increment_cell, '/') then split_part(increment_cell, '/', 2)
            else coalesce(increment_cell, first_cell, '1')
        end as integer
    ) as increment,
    coalesce(truth(per_call_cell), false) as per_call,
    coalesce(truth(allowed_cell), true) as allowed,
    coalesce(truth(late_cell), false) as late,
    case lower(direction_cell) when 'local' then 'outbound' else coalesce(lower(direction_cell), 'outbound') end as direction,
    if(
        regexp_full_match(from_cell, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?'),
        instant($timezone, try_cast(from_cell as timestamp)),
        null
    ) as starts_at,
    if(
        regexp_full_match(to_cell, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?'),
        instant($timezone, try_cast(to_cell as timestamp)),
        null
    ) as ends_at,
from named
