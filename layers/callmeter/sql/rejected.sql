-- rejected.sql: lines that cannot be rated, appended to rejects, with reason and original line. In: calls_matched,
-- plans, accounts, lines.
insert into rejects
with unrated as (
    select *
    from calls_matched
    where file_row = $file_row
        and not is_payable(reason, sell_row, answered, direction)
        and not coalesce(reason in ('other-leg', 'no-call'), false)
),

reasoned as (
    select
        unrated.line,
        coalesce(reason, 'no-rate') as reason,
        if(reason is null, format('to "{}" in deck {}', to_number, plans.deck), detail) as detail,
    from unrated
    left join accounts using (account_row)
    left join plans using (plan)
)

select $file as file, reasoned.line, reason, detail, lines.line as raw
from reasoned
inner join lines on lines.rowid = reasoned.line - 1 - $before
order by reasoned.line
