-- warn_steps.sql: rows that are ten times as dear as the prefix around them, or a tenth, or free: the worst of each deck, and
-- how many there are (`found`). In: parents, deck_rows. Groups that are meant to be dear or free are left out.
with pairs as (
    select
        deck_rows.*,
        upper_rows.prefix as parent_prefix,
        upper_rows.line as parent_line,
        upper_rows.rate_nanos as parent_nanos,
    from deck_rows
    inner join parents using (row_id)
    inner join deck_rows as upper_rows on upper_rows.row_id = parents.parent_row_id
    where deck_rows.per_call = upper_rows.per_call
        and deck_rows.allowed
        and not deck_rows.late
        and upper_rows.rate_nanos > 0
),

judged as (
    select
        *,
        case
            when rate_nanos >= 10 * parent_nanos then 'ten-times-dearer'
            when rate_nanos = 0 then 'free-below-priced'
            when rate_nanos * 10 <= parent_nanos then 'ten-times-cheaper'
        end as code,
        greatest(rate_nanos, parent_nanos)::hugeint * 1000 // greatest(least(rate_nanos, parent_nanos), 1) as steepness,
    from pairs
)

select
    code,
    deck,
    line,
    'rate' as asked,
    case code
        when 'free-below-priced'
        then format('prefix {} is free, but prefix {} around it (line {}) costs {}', prefix, parent_prefix, parent_line, price(parent_nanos))
        else format(
            'prefix {} at {} is {} times as {} as prefix {} around it (line {}), at {}',
            prefix,
            price(rate_nanos),
            (steepness // 1000)::varchar,
            if(code = 'ten-times-dearer', 'dear', 'cheap'),
            parent_prefix,
            parent_line,
            price(parent_nanos)
        )
    end as text,
    'Look whether a digit or the decimal point slipped.' as hint,
    count(*) over (partition by deck, code) as found,
from judged
where code is not null
    and not (code = 'free-below-priced' and "group" = 'toll-free')
    and not (code = 'ten-times-dearer' and "group" in ('premium', 'satellite'))
qualify row_number() over (partition by deck, code order by steepness desc, line, prefix) <= $shown
order by deck, line, code
