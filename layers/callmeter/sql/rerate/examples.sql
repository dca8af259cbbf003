-- examples.sql: the changes that differ most in charge, most first. In: changes.
select * exclude (digest)
from changes
order by abs(coalesce(charge_after, 0) - coalesce(charge_before, 0)) desc, file, line
limit $shown
