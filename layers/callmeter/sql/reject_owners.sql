-- reject_owners.sql: what nobody is known by: numbers, logins and codes of calls without an account, the most calls first. In:
-- rejects, whose detail says it (matched.sql). side: who would have paid, the caller or the called.
with said as (
    select
        regexp_extract(detail, '^(from|to) "(.*)"$', ['side', 'name']) as found,
    from rejects
    where reason = 'unknown-account'
)

select
    found.name as name,
    if(found.side = 'to', 'called', 'caller') as side,
    regexp_full_match(found.name, '[1-9][0-9]{6,14}') as is_number,
    count(*) as calls,
from said
where found.name <> ''
group by all
order by calls desc, name, side
