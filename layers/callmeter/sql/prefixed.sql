-- prefixed.sql: calls_matched -> call_rows, the deck row of each call that has one. In: calls_matched, deck_rows.
-- The longest prefix whose row is in force at the start; codes match whole. Design 3.2, 3.4.
create or replace temp table call_rows as
with heads as (
    select
        line,
        deck,
        direction,
        is_code,
        started_at,
        unnest(
            case
                when is_code then [to_number]
                else list_transform(
                    list_filter(lengths, lambda prefix_length: prefix_length <= length(to_number)),
                    lambda prefix_length: left(to_number, prefix_length)
                )
            end
        ) as head,
    from calls_matched
    left join deck_lengths using (deck)
    where reason is null and direction <> 'internal'
)

select heads.line, max_by(deck_rows.row_id, length(deck_rows.prefix)) as row_id
from heads
inner join deck_rows
    on deck_rows.prefix = heads.head
    and deck_rows.deck = heads.deck
    and deck_rows.direction = heads.direction
    and deck_rows.is_code = heads.is_code
    and (deck_rows.starts_at is null or deck_rows.starts_at <= heads.started_at)
    and (deck_rows.ends_at is null or deck_rows.ends_at > heads.started_at)
group by heads.line
