-- diff_cases.sql: calls that may differ in price, one row for all of a kind: by prefix, instant, kind of time and caller. In:
-- diff_related, diff_times. Instants are $instant and every later one at which a row begins or ends; a caller is the prefix
-- that rows name, '' any other.
create or replace temp table diff_cases as
with instants as (
    select distinct place, $instant::timestamp as moment from diff_related
    union
    select place, starts_at as moment from diff_related where starts_at > $instant
    union
    select place, ends_at as moment from diff_related where ends_at < '9999-01-01'::timestamp
),

banded as (
    select place, bool_or(band is not null) as is_banded
    from diff_related
    group by place
),

callers as (
    select distinct place, '' as caller from diff_related
    union
    select place, from_prefix as caller from diff_related where from_prefix is not null
)

select place, moment, kind, old_bands, new_bands, diff_times.name as times, caller
from instants
inner join banded using (place)
inner join diff_times on is_banded = (kind > 0)
inner join callers using (place)
