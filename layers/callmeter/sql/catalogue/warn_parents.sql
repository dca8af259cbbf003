-- warn_parents.sql: each row with the row of the next shorter prefix that would take its calls, a row each where there is one.
-- In: deck_rows, slots, tariffs. Rows that are over before $instant do not count; nor do those of other times or callers.
create or replace temp table parents as
with inner_slots as (
    select slot, tariff, prefix, unnest(range(1, digits)) as head_digits
    from slots
    where not is_code
),

outer_slots as (
    select inner_slots.slot, max_by(slots.slot, slots.digits) as parent_slot
    from inner_slots
    inner join slots
        on slots.tariff = inner_slots.tariff
        and not slots.is_code
        and slots.prefix = left(inner_slots.prefix, head_digits)
    group by inner_slots.slot
),

rows_now as (
    select deck_rows.*, slots.slot
    from deck_rows
    inner join tariffs using (deck, direction, is_code)
    inner join slots on slots.tariff = tariffs.tariff and slots.prefix = deck_rows.prefix
    where coalesce(ends_at > $instant, true)
)

select
    lower_rows.row_id,
    max_by(
        upper_rows.row_id,
        (upper_rows.band is not null, coalesce(length(upper_rows.from_prefix), 0), coalesce(upper_rows.starts_at, '0001-01-01'::timestamp))
    ) as parent_row_id,
from rows_now as lower_rows
inner join outer_slots using (slot)
inner join rows_now as upper_rows
    on upper_rows.slot = outer_slots.parent_slot
    and coalesce(upper_rows.band = lower_rows.band, upper_rows.band is null)
    and coalesce(starts_with(lower_rows.from_prefix, upper_rows.from_prefix), upper_rows.from_prefix is null)
    and coalesce(upper_rows.starts_at < lower_rows.ends_at, true)
    and coalesce(lower_rows.starts_at < upper_rows.ends_at, true)
group by lower_rows.row_id
