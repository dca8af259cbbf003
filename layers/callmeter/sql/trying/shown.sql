-- shown.sql: the first calls as they are understood, beside their lines. In: tried, lines.
select
    tried.line,
    lines.line as raw,
    coalesce(reason, '') as reason,
    coalesce(detail, '') as detail,
    call_id,
    coalesce(direction, '') as direction,
    from_number,
    to_number,
    started_at,
    timezone($timezone, timezone('UTC', started_at)) as local,
    coalesce(duration_seconds, 0) as seconds,
    answered,
    coalesce(login, '') as login,
    coalesce(code, '') as code,
    carrier,
from tried
inner join lines on lines.rowid = tried.line - 1
where coalesce(reason, '') <> 'no-call'
order by tried.line
limit $shown
