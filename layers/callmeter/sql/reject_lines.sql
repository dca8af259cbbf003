-- reject_lines.sql: every reject of one reason, in the order of files and lines. In: rejects.
select file, line, detail, raw
from rejects
where reason = $reason
order by file, line
