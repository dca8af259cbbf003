-- lines.sql: what a bill charges per group, a row each, exact. In: ledger.
select "group", sum(difference) as due
from ledger
group by "group"
having sum(difference) <> 0
order by "group"
