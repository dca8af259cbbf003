-- last_line.sql: whether a line is no whole row. In: tried.
select exists (select 1 from tried where line = $line and reason = 'malformed-row') as rejected
