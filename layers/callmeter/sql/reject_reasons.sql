-- reject_reasons.sql: rejects per reason, a row each. In: rejects.
select reason, count(*) as rejected
from rejects
group by reason
order by reason
