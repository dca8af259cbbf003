-- calendars.sql: which billing calendars the calls need, and from when to when. In: calls_matched, accounts.
select timezone, anchor_day, min(started_at) as first, max(started_at) as last
from calls_matched
inner join accounts using (account_row)
group by all
order by all
