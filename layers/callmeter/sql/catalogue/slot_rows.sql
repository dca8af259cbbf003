-- slot_rows.sql: the deck rows that calls of a slot may match: its own, and those of the shorter prefixes around it, down to
-- the first that always holds. In: slots, deck_rows, tariffs. Rank: the longest prefix; then a row with a band before one
-- without; then the longest caller's prefix; a later row_id last, which never decides.
insert into slot_rows
with rows_of_slots as (
    select
        slots.slot,
        slots.digits,
        deck_rows.row_id,
        ((slots.digits * 2 + (deck_rows.band is not null)::integer) * 16 + coalesce(length(deck_rows.from_prefix), 0)) * 4294967296
            + deck_rows.row_id as rank,
        deck_rows.band is null
        and deck_rows.from_prefix is null
        and deck_rows.starts_at is null
        and deck_rows.ends_at is null as always,
    from deck_rows
    inner join tariffs using (deck, direction, is_code)
    inner join slots on slots.tariff = tariffs.tariff and slots.prefix = deck_rows.prefix
),

-- The slots whose own rows do not always decide need those around them.
undecided as (
    select slots.*
    from slots
    where not is_code
        and slot not in (select slot from rows_of_slots where always)
),

around as (
    select undecided.slot, outer_slots.slot as outer_slot
    from undecided, lateral (select unnest(range(1, undecided.digits)) as digits) as heads
    inner join slots as outer_slots
        on outer_slots.tariff = undecided.tariff
        and not outer_slots.is_code
        and outer_slots.digits = heads.digits
        and outer_slots.prefix = left(undecided.prefix, heads.digits)
),

candidates as (
    select slot, row_id, rank, always from rows_of_slots
    union all
    select around.slot, rows_of_slots.row_id, rows_of_slots.rank, rows_of_slots.always
    from around
    inner join rows_of_slots on rows_of_slots.slot = around.outer_slot
),

last_resort as (
    select slot, max(rank) as rank
    from candidates
    where always
    group by slot
)

select candidates.slot, candidates.rank, candidates.row_id
from candidates
left join last_resort using (slot)
where candidates.rank >= coalesce(last_resort.rank, 0)
order by candidates.slot, candidates.rank desc
