-- rows_read.sql: how many rows a file has. In: calls_read.
select count(*) as rows_read
from calls_read
where not irregular
