-- last_line.sql: whether the last line of a file is a reject: no whole row. In: rejects.
select exists (
    select 1
    from rejects
    where file = $file and line = $line and reason = 'malformed-row'
) as rejected
