-- allowance_use.sql: what a turn used of its allowance, a row per account and period. In: covered.
insert into allowance_use
select account_id, period, name, $position as position, sum(takes)::bigint as used_seconds
from covered
where takes > 0
group by account_id, period, name
order by all
