-- kept_objects.sql: kept calls as objects hold them. Two reports of one call may differ by seconds in its start: one at the edge
-- of a period is kept with the next period's calls too, so that each finds what repeats it. In: kept_calls.
create or replace temp view kept_objects as
select * replace (period as kept_in) from kept_calls
union all
select * replace (edge_of as kept_in) from kept_calls where edge_of is not null
