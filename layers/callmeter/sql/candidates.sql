-- candidates.sql: the deck rows that one number may match at one instant, the longest prefix first. In: deck_rows.
select
    prefix,
    destination,
    "group",
    money(rate_nanos) as rate,
    money(connect_fee_nanos) as connect_fee,
    first_increment,
    increment,
    per_call,
    allowed,
    late,
    line,
from deck_rows
where deck = $deck
    and direction = 'outbound'
    and if(is_code, prefix = $code, starts_with(coalesce($number, ''), prefix))
    and (starts_at is null or starts_at <= $instant)
    and (ends_at is null or ends_at > $instant)
order by length(prefix) desc
