-- below_cost.sql: how many calls were sold for less than they cost. In: rated_calls, buy_charges.
select count(*) as below_cost
from rated_calls
where call_row in (select call_row from buy_charges) and below_cost
