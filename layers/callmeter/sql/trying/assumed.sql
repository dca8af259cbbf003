-- assumed.sql: how many calls begin at another time where another zone is assumed, and have other numbers in another country.
-- In: tried, and calls_read of the same file, read with others.
with other as (
    select coalesce(line, rowid + 1 + $skip)::integer as line, from_number, to_number, started_at
    from calls_read
    where not irregular
)

select
    count(*) filter (tried.started_at is distinct from other.started_at) as by_zone,
    count(*) filter (tried.from_number <> other.from_number or tried.to_number <> other.to_number) as by_country,
from tried
inner join other using (line)
where tried.reason is null
