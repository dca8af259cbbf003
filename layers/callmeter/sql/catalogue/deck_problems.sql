-- deck_problems.sql: what is wrong in a deck, a row per problem. In: deck_cells.
-- `asked` names the column of the deck the problem is about; hints say what to write.
with problems as (
    select line, raw, 'malformed-row' as code, null as asked, malformed as text, 'Write the line as CSV again.' as hint
    from deck_cells
    where malformed is not null

    union all by name
    select line, raw, 'bad-prefix' as code, 'prefix' as asked,
        if(
            prefix_cell is null,
            'the prefix is empty',
            format('prefix "{}" is not 1 to 15 digits, the first from 1 to 9', prefix_cell)
        ) as text,
        'Write digits of the number with country code, such as 4420.' as hint
    from deck_cells
    where malformed is null
        and not is_code
        and not coalesce(regexp_full_match(prefix, '[1-9][0-9]{0,14}'), prefix is null and destination_cell is not null)

    union all by name
    select line, raw, 'unknown-destination' as code, 'destination' as asked,
        format('destination "{}" is not in destinations.csv', destination_cell) as text,
        'Add its prefixes there, or give the row a prefix.' as hint
    from deck_cells
    where malformed is null and prefix is null and destination_cell is not null

    union all by name
    select line, raw, 'bad-code' as code, 'prefix' as asked,
        format('"{}" is not an emergency, short or feature code', coalesce(prefix_cell, '')) as text,
        'Write it as it is dialled: digits, * and #.' as hint
    from deck_cells
    where is_code and not coalesce(regexp_full_match(prefix, '[0-9*#]{2,12}'), false)

    union all by name
    select line, raw, 'bad-rate' as code, 'rate' as asked,
        format('rate "{}" is not a price of up to 9 decimals, 200000 at most', rate_cell) as text,
        if(
            regexp_full_match(rate_cell, '[0-9]+,[0-9]+'),
            format('Write {}.', replace(rate_cell, ',', '.')),
            'Write digits with a decimal point, such as 0.085.'
        ) as hint
    from deck_cells
    where rate_cell is not null and rate_nanos is null

    union all by name
    select line, raw, 'no-rate' as code, 'rate' as asked, 'the rate is empty' as text,
        'Write a rate; only a late row, or one that is not allowed, may do without.' as hint
    from deck_cells
    where rate_cell is null and malformed is null and not late and allowed

    union all by name
    select line, raw, 'bad-connect-fee' as code, 'connect_fee' as asked,
        format('connect fee "{}" is not a price of up to 9 decimals, 200000 at most', connect_fee_cell) as text,
        'Write digits with a decimal point, such as 0.05.' as hint
    from deck_cells
    where connect_fee_cell is not null and nanos(connect_fee_cell) is null

    union all by name
    select line, raw, 'bad-max-charge' as code, 'max_charge' as asked,
        format('max charge "{}" is not a price of up to 9 decimals, 200000 at most', max_charge_cell) as text,
        'Write digits with a decimal point, such as 0.60.' as hint
    from deck_cells
    where max_charge_cell is not null and max_charge_nanos is null

    union all by name
    select line, raw, 'unknown-band' as code, 'band' as asked,
        format('there is no band "{}" in operator.toml', band_cell) as text,
        'Add it there as [bands.NAME] with days and hours, or take the band out of the row.' as hint
    from deck_cells
    where band_cell is not null and band_cell not in (select band from bands)

    union all by name
    select line, raw, 'bad-from-prefix' as code, 'from_prefix' as asked,
        format('caller''s prefix "{}" is not 1 to 15 digits, the first from 1 to 9', from_prefix_cell) as text,
        'Write digits of the caller''s number with country code, such as 4420.' as hint
    from deck_cells
    where from_prefix_cell is not null and not regexp_full_match(from_prefix, '[1-9][0-9]{0,14}')

    union all by name
    select line, raw, 'bad-increment' as code, if(first_cell is null, 'increment', 'first_increment') as asked,
        format(
            'increments "{}" are not whole seconds: the first from 0, the next from 1, both up to 86400',
            concat_ws(' and ', first_cell, increment_cell)
        ) as text,
        'Write seconds such as 60, or first and next such as 60/1.' as hint
    from deck_cells
    where (first_cell is not null or increment_cell is not null)
        and not coalesce(
            regexp_full_match(coalesce(first_cell, '1'), '[0-9]{1,5}( */ *[0-9]{1,5})?')
            and regexp_full_match(coalesce(increment_cell, '1'), '[0-9]{1,5}( */ *[0-9]{1,5})?')
            and first_increment between 0 and 86400
            and increment between 1 and 86400,
            false
        )

    union all by name
    select line, raw, 'bad-truth' as code, asked, format('{} "{}" is neither yes nor no', asked, cell) as text,
        'Write yes or no.' as hint
    from (
        select line, raw,
            unnest([
                {asked: 'per_call', cell: per_call_cell},
                {asked: 'allowed', cell: allowed_cell},
                {asked: 'late', cell: late_cell}
            ], recursive := true)
        from deck_cells
    )
    where cell is not null and truth(cell) is null

    union all by name
    select line, raw, 'bad-direction' as code, 'direction' as asked,
        format('direction "{}" is neither outbound nor inbound', direction_cell) as text,
        'Write outbound or inbound.' as hint
    from deck_cells
    where direction not in ('outbound', 'inbound')

    union all by name
    select line, raw, 'bad-date' as code, asked, format('"{}" is not a date', cell) as text,
        'Write it as 2026-10-15.' as hint
    from (
        select line, raw,
            unnest([
                {asked: 'effective_from', cell: from_cell, read_as: starts_at},
                {asked: 'effective_to', cell: to_cell, read_as: ends_at}
            ], recursive := true)
        from deck_cells
    )
    where cell is not null and read_as is null

    union all by name
    select line, raw, 'empty-span' as code, 'effective_to' as asked,
        'effective_to is not after effective_from, so the row is never in force' as text,
        'Write a later date, or take the row out.' as hint
    from deck_cells
    where ends_at <= starts_at

    union all by name
    select line, raw, 'bad-currency' as code, 'currency' as asked,
        format('currency "{}" is not three capital letters', currency_cell) as text, 'Write it as EUR.' as hint
    from deck_cells
    where not regexp_full_match(currency_cell, '[A-Z]{3}')
)

select * from problems order by line, code
