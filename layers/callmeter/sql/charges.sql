-- charges.sql: charge per currency, a row each. In: rated_calls.
select currency, money(sum(charge_nanos)) as charge
from rated_calls
group by currency
having sum(charge_nanos) is not null
order by currency
