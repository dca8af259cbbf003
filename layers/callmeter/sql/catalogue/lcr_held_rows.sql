-- lcr_held_rows.sql: the deck rows that hold at one instant for one caller: outbound, by date, time band and caller's prefix.
-- In: deck_rows, bands, holidays. $caller is E.164 digits, or null for one that no row names. `rank`: see slot_rows.sql.
create or replace temp table held_rows as
with clock as (
    select timezone($timezone, timezone('UTC', $instant::timestamp)) as wall
),

today as (
    select
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
    from clock
),

bands_on as (
    select bands.band
    from bands
    inner join today
        on today.day = bands.day
        and bands.from_minute <= today.minute
        and bands.to_minute > today.minute
)

select
    *,
    (length(prefix) * 2 + (band is not null)::integer) * 16 + coalesce(length(from_prefix), 0) as rank,
from deck_rows
where direction = 'outbound'
    and coalesce(starts_at <= $instant, true)
    and coalesce(ends_at > $instant, true)
    and (band is null or band in (select band from bands_on))
    and (from_prefix is null or coalesce(starts_with($caller::varchar, from_prefix), false))
