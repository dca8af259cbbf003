-- choosy_rows.sql: the deck row of calls whose slot has several in turn: by date, time band or caller. One row per line and
-- side (sell, buy). In: calls_owned, head_rows, slot_rows, live_rows, bands, holidays. Design 3.4.
create or replace temp table choosy_rows as
with sides as (
    select line, 'sell' as side, tariff, to_number, is_code, from_number, started_at
    from calls_owned
    where reason is null
    union all by name
    select line, 'buy' as side, buy_tariff as tariff, to_number, is_code, from_number, started_at
    from calls_owned
    where reason is null and buy_tariff is not null
),

choosy as (
    select
        sides.*,
        head_rows.slot,
        timezone($zone, timezone('UTC', sides.started_at)) as wall,
    from sides
    inner join head_rows
        on head_rows.tariff = sides.tariff
        and head_rows.head = if(sides.is_code, sides.to_number, sides.to_number[1:$head_digits])
        and head_rows.row_id is null
),

clocked as (
    select
        choosy.*,
        hour(wall) * 60 + minute(wall) as minute,
        if(
            exists (
                select 1
                from holidays
                where holiday_month = month(wall)
                    and holiday_day = day(wall)
                    and (holiday is null or holiday = wall::date)
            ),
            8,
            isodow(wall)
        ) as day,
    from choosy
)

select line, side, max_by(live_rows.row_id, slot_rows.rank) as row_id
from clocked
inner join slot_rows using (slot)
inner join live_rows
    on live_rows.row_id = slot_rows.row_id
    and live_rows.starts_at <= clocked.started_at
    and live_rows.ends_at > clocked.started_at
left join bands
    on bands.band = live_rows.band
    and bands.day = clocked.day
    and bands.from_minute <= clocked.minute
    and bands.to_minute > clocked.minute
where (live_rows.band is null or bands.band is not null)
    and (
        live_rows.from_prefix is null
        or starts_with(clocked.from_number, live_rows.from_prefix) and regexp_full_match(clocked.from_number, '[1-9][0-9]{6,14}')
    )
group by line, side
