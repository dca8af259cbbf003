-- tried.sql: every row of a file as it is understood. In: calls_read. Grain: one row per line.
create or replace temp table tried as
select * exclude (line, irregular), coalesce(line, rowid + 1 + $skip)::integer as line
from calls_read
where not irregular
