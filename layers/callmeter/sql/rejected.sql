-- rejected.sql: lines that cannot be rated, appended to rejects, with reason and original line. In: calls_matched,
-- call_rows, fields.
insert into rejects
select
    $file as file,
    calls_matched.line,
    coalesce(reason, 'no-rate') as reason,
    coalesce(detail, format('to "{}" in deck {}', to_number, deck)) as detail,
    fields.raw,
from calls_matched
inner join fields on fields.line = calls_matched.line
where reason is not null
    or (answered and direction = 'outbound' and calls_matched.line not in (select line from call_rows))
order by calls_matched.line
