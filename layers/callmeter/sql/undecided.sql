-- undecided.sql: whether there are calls whose deck row is still to be found: see calls_asked.sql. In: calls_matched.
select exists (
    select 1
    from calls_matched
    where file_row = $file_row
        and reason is null
        and (buy_tariff is not null or (sell_slot is not null and sell_row is null))
) as undecided
