-- lines.sql: what each bill charges per line, one row per account and line, exact. In: ledger. By $lines a line is a
-- bill, a group, a bundle or a number; corrections of earlier periods have lines of their own, but where a bill is one.
with labelled as (
    select
        account_id,
        if(call_period <> bill_period and $lines <> 'bill', 'correction', $lines) as kind,
        case
            when $lines = 'bill' then ''
            when call_period <> bill_period then call_period
            when $lines = 'group' then "group"
            when $lines = 'bundle' then bundle
            else own_number
        end as name,
        difference,
    from ledger
)

select account_id, kind, name, sum(difference) as due
from labelled
group by account_id, kind, name
having sum(difference) <> 0
order by account_id, kind = 'correction', name
