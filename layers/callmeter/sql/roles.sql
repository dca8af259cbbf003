-- roles.sql: how many rows of a piece of a file are other legs of calls, and how many no calls at all. In: calls_matched.
select
    count(*) filter (reason = 'other-leg') as other_legs,
    count(*) filter (reason = 'no-call') as no_calls,
from calls_matched
where file_row = $file_row
