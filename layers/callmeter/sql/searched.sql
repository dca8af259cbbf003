-- searched.sql: calls with the slot that the longest prefix of their number has, and that slot's deck row where it is one for
-- all. searched('asked'): asked has tariff, number (15 digits, see number15), number_digits (its own),
-- is_code and to_number, and what else has to come
-- along. In: mark_rows, code_rows. A mark that is there means "or longer", one that is not means "shorter": see marks.sql.
create or replace macro searched(asked) as table (
    with at_8 as (
        select asked_calls.*, m.mark is not null as over_8, m.slot, m.row_id
        from query_table(asked) as asked_calls
        left join mark_rows as m on m.mark = mark_of(asked_calls.tariff, asked_calls.number, asked_calls.number_digits, 8)
    ),

    at_4 as (
        select
            at_8.* replace (coalesce(m.slot, at_8.slot) as slot, if(m.slot is null, at_8.row_id, m.row_id) as row_id),
            m.mark is not null as over_4,
        from at_8
        left join mark_rows as m on m.mark = if(over_8, mark_of(tariff, number, number_digits, 12), mark_of(tariff, number, number_digits, 4))
    ),

    at_2 as (
        select
            at_4.* replace (coalesce(m.slot, at_4.slot) as slot, if(m.slot is null, at_4.row_id, m.row_id) as row_id),
            m.mark is not null as over_2,
        from at_4
        left join mark_rows as m
            on m.mark = if(
                over_8,
                if(over_4, mark_of(tariff, number, number_digits, 14), mark_of(tariff, number, number_digits, 10)),
                if(over_4, mark_of(tariff, number, number_digits, 6), mark_of(tariff, number, number_digits, 2))
            )
    ),

    at_1 as (
        select
            at_2.* replace (coalesce(m.slot, at_2.slot) as slot, if(m.slot is null, at_2.row_id, m.row_id) as row_id),
        from at_2
        left join mark_rows as m
            on m.mark = if(
                over_8,
                if(
                    over_4,
                    if(over_2, mark_of(tariff, number, number_digits, 15), mark_of(tariff, number, number_digits, 13)),
                    if(over_2, mark_of(tariff, number, number_digits, 11), mark_of(tariff, number, number_digits, 9))
                ),
                if(
                    over_4,
                    if(over_2, mark_of(tariff, number, number_digits, 7), mark_of(tariff, number, number_digits, 5)),
                    if(over_2, mark_of(tariff, number, number_digits, 3), mark_of(tariff, number, number_digits, 1))
                )
            )
    )

    select
        at_1.* exclude (over_8, over_4, over_2)
            replace (coalesce(code_rows.slot, at_1.slot) as slot, coalesce(code_rows.row_id, at_1.row_id) as row_id),
    from at_1
    left join code_rows on code_rows.code = if(is_code, at_1.to_number, null) and code_rows.tariff = at_1.tariff
)
