-- rows_read.sql: how many rows a file has, and how many began in the hour that daylight saving repeats, without a word which
-- of the two. In: calls_read.
select
    count(*) as rows_read,
    count(*) filter (ambiguous and reason is null) as ambiguous,
from calls_read
where not irregular
