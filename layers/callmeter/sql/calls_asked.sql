-- calls_asked.sql: calls whose deck row is still to be found, a row per call and side: sales at a slot with several rows in
-- turn, and all that a carrier is paid for. In: calls_matched, searched.
create or replace temp table calls_asked as
with bought as (
    select
        rowid as call_row,
        buy_tariff as tariff,
        is_code,
        to_number,
        if(is_code, null, number15(to_number)) as number,
        length(to_number) as number_digits,
        from_number,
        started_at,
    from calls_matched
    where file_row = $file_row and reason is null and buy_tariff is not null
)

select rowid as call_row, 'sell' as side, sell_slot as slot, null::integer as row_id, from_number, started_at
from calls_matched
where file_row = $file_row and reason is null and sell_slot is not null and sell_row is null
union all
select call_row, 'buy' as side, slot, row_id, from_number, started_at
from searched('bought')
where slot is not null
