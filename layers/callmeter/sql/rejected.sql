-- rejected.sql: lines that cannot be rated, appended to rejects, with reason and original line. In: calls_matched,
-- call_rows, lines.
insert into rejects
select
    $file as file,
    calls_matched.line,
    coalesce(reason, 'no-rate') as reason,
    coalesce(detail, format('to "{}" in deck {}', to_number, deck)) as detail,
    lines.line as raw,
from calls_matched
left join call_rows on call_rows.line = calls_matched.line
inner join lines on lines.rowid = calls_matched.line - 1
where reason is not null
    or (answered and direction = 'outbound' and call_rows.row_id is null)
order by calls_matched.line
