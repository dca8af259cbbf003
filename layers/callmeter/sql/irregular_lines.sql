-- irregular_lines.sql: the numbers of the lines that have to be cut with care. In: calls_read, read by the CSV reader.
create or replace temp table irregular_lines as
select rowid + 1 + $skip as line
from calls_read
where irregular
