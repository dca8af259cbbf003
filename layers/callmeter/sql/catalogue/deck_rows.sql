-- deck_rows.sql: adds a sound deck's rows to the catalogue. In: deck_cells, destinations.
-- A later row ends an open one; names and groups left out come from the destinations table: by name, else by the
-- longest prefix found there. Codes and prefixes are kept apart: 911 Emergency is no part of 9111, Delhi.
insert into deck_rows
with ended as (
    select
        * replace (
            coalesce(
                ends_at,
                lead(starts_at) over (partition by prefix, is_code, direction, band_cell, from_prefix order by starts_at nulls first)
            ) as ends_at
        ),
    from deck_cells
),

by_name as (
    select lower(destination) as name, min("group") as "group"
    from destinations
    where "group" is not null
    group by all
    having count(distinct "group") = 1
),

heads as (
    select line, prefix, is_code, unnest(range(if(is_code, length(prefix), 1), length(prefix) + 1)) as head_length
    from ended
    where destination_cell is null
        or (group_cell is null and lower(destination_cell) not in (select name from by_name))
),

by_prefix as (
    select
        heads.line,
        heads.prefix,
        max_by(destinations.destination, head_length) as destination,
        max_by(destinations."group", head_length) as "group",
    from heads
    inner join destinations
        on destinations.prefix = left(heads.prefix, head_length)
        and is_code_group(destinations."group") = heads.is_code
    group by heads.line, heads.prefix
)

select
    (row_number() over (order by ended.line, ended.prefix) + (select count(*) from deck_rows))::integer as row_id,
    $deck as deck,
    ended.prefix,
    is_code,
    coalesce(destination_cell, by_prefix.destination, '') as destination,
    coalesce(group_cell, by_name."group", by_prefix."group", '') as "group",
    direction,
    rate_nanos,
    connect_fee_nanos,
    first_increment,
    increment,
    per_call,
    allowed,
    late or rate_nanos is null as late,
    max_charge_nanos,
    band_cell as band,
    from_prefix,
    coalesce(currency_cell, $currency) as currency,
    starts_at,
    ends_at,
    ended.line,
from ended
left join by_prefix on by_prefix.line = ended.line and by_prefix.prefix = ended.prefix
left join by_name on by_name.name = lower(destination_cell)
order by ended.line, ended.prefix
