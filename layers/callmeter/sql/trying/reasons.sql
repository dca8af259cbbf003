-- reasons.sql: rejects by reason, the most frequent first, each with its first line. In: tried, lines.
select
    reason,
    count(*) as rejected,
    arg_min(struct_pack(file := $file, line := tried.line, detail := detail, raw := lines.line), tried.line) as example,
from tried
inner join lines on lines.rowid = tried.line - 1
where reason not in ('other-leg', 'no-call')
group by reason
order by rejected desc, reason
