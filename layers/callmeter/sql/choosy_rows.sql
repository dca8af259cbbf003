-- choosy_rows.sql: the deck row of calls whose slot has several in turn: by date, time band or caller. One row per call and
-- side, sell or buy. In: calls_asked, slot_rows, live_rows, bands, holidays. Design 3.4.
create or replace temp table choosy_rows as
with choosy as (
    select *, timezone($zone, timezone('UTC', started_at)) as wall
    from calls_asked
    where row_id is null
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

select call_row, side, max_by(live_rows.row_id, slot_rows.rank) as row_id
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
group by call_row, side
