-- diff_in_force.sql: the new side's rows of a deck once all of it is in force, at $latest, without dates: as a deck is written.
-- In: diff_rows.
create or replace temp table deck_in_force as
select
    prefix,
    money(rate_nanos)::varchar as rate,
    destination,
    "group",
    money(connect_fee_nanos)::varchar as connect_fee,
    first_increment,
    increment,
    if(per_call, 'yes', 'no') as per_call,
    if(allowed, 'yes', 'no') as allowed,
    if(late, 'yes', 'no') as late,
    direction,
    nullif(currency, '') as currency,
    band,
    money(max_charge_nanos)::varchar as max_charge,
    from_prefix,
from diff_rows
where side = 'new'
    and deck = $deck
    and coalesce(starts_at <= $latest, true)
    and coalesce(ends_at > $latest, true)
order by line, prefix
