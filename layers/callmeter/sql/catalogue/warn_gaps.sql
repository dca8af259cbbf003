-- warn_gaps.sql: rows whose calls fall back to a cheaper, shorter prefix before they begin or after they end: legal, but hardly
-- meant. In: parents, deck_rows. Only what is still to come at $instant.
with edges as (
    select row_id, 'effective_from' as asked, starts_at - interval 1 second as moment from deck_rows where starts_at > $instant
    union all by name
    select row_id, 'effective_to' as asked, ends_at as moment from deck_rows where ends_at > $instant
),

fallen_back as (
    select
        lower_rows.*,
        edges.asked,
        upper_rows.prefix as parent_prefix,
        upper_rows.line as parent_line,
        upper_rows.rate_nanos as parent_nanos,
    from edges
    inner join deck_rows as lower_rows using (row_id)
    inner join parents using (row_id)
    inner join deck_rows as upper_rows on upper_rows.row_id = parents.parent_row_id
    where coalesce(upper_rows.starts_at <= moment, true)
        and coalesce(upper_rows.ends_at > moment, true)
        and upper_rows.rate_nanos < lower_rows.rate_nanos
        and upper_rows.per_call = lower_rows.per_call
        and not exists (
            select 1
            from deck_rows as neighbours
            where neighbours.deck = lower_rows.deck
                and neighbours.direction = lower_rows.direction
                and neighbours.prefix = lower_rows.prefix
                and neighbours.is_code = lower_rows.is_code
                and coalesce(neighbours.band = lower_rows.band, neighbours.band is null)
                and coalesce(starts_with(lower_rows.from_prefix, neighbours.from_prefix), neighbours.from_prefix is null)
                and coalesce(neighbours.starts_at <= moment, true)
                and coalesce(neighbours.ends_at > moment, true)
        )
)

select
    'cheaper-fallback' as code,
    deck,
    line,
    asked,
    format(
        'prefix {} costs {} {} {}: {} its calls match prefix {} (line {}), at {}',
        prefix,
        price(rate_nanos),
        if(asked = 'effective_from', 'from', 'until'),
        strftime(timezone($timezone, timezone('UTC', if(asked = 'effective_from', starts_at, ends_at))), '%Y-%m-%d'),
        if(asked = 'effective_from', 'until then', 'after that'),
        parent_prefix,
        parent_line,
        price(parent_nanos)
    ) as text,
    'Add a row for the time that is left, if that is not meant.' as hint,
    count(*) over (partition by deck) as found,
from fallen_back
qualify row_number() over (partition by deck order by line, prefix, asked) <= $shown
order by deck, line, asked
