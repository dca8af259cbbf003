-- candidates.sql: the deck rows that have one number's prefix, or its code, whatever their dates, bands and callers; the
-- longest prefix first. In: deck_rows. Instants are UTC.
select
    prefix,
    is_code,
    destination,
    "group",
    money(rate_nanos) as rate,
    money(connect_fee_nanos) as connect_fee,
    first_increment,
    increment,
    per_call,
    allowed,
    late,
    money(max_charge_nanos) as max_charge,
    coalesce(band, '') as band,
    coalesce(from_prefix, '') as from_prefix,
    starts_at,
    ends_at,
    line,
from deck_rows
where deck = $deck
    and direction = $direction
    and if(is_code, prefix = $code, starts_with(coalesce($number, ''), prefix))
order by length(prefix) desc, line
