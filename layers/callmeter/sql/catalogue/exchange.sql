-- exchange.sql: rates in force per pair of currencies and span, both ways round. In: the lines of fx.csv as JSON.
-- Of a pair and its inverse the later date holds, of one date the pair itself. Design 3.13.
insert into exchange
with written as (
    select unnest(from_json($rates, '[{"date": "DATE", "base": "VARCHAR", "quote": "VARCHAR", "rate_nanos": "BIGINT"}]'), recursive := true)
),

directed as (
    select date, base, quote, rate_nanos as multiply_nanos, null::bigint as divide_nanos, 1 as preference from written
    union all by name
    select date, quote as base, base as quote, null::bigint as multiply_nanos, rate_nanos as divide_nanos, 2 as preference from written
),

chosen as (
    select *
    from directed
    qualify row_number() over (partition by base, quote, date order by preference) = 1
)

select
    base,
    quote,
    multiply_nanos,
    divide_nanos,
    instant($timezone, date::timestamp) as starts_at,
    coalesce(
        instant($timezone, lead(date) over (partition by base, quote order by date)::timestamp), timestamp '9999-01-01'
    ) as ends_at,
from chosen
order by base, quote, starts_at
