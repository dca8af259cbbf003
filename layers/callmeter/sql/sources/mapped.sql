-- mapped.sql: a file whose columns a mapping names, or whose times or durations are of unusual forms -> raw_calls. In:
-- named_fields. Grain: one row per line. Variables: factor (seconds in a unit of duration), day_first (null: as a day after the
-- 12th shows), decimal_comma, must_be_filled (a field; rows without it are no calls), and words of the direction and disposition
-- columns, in lower case: null where the words are those that everybody uses.
create or replace temp view raw_calls as
with texts as (
    select
        *,
        -- Tue 11/24/2026: the weekday says nothing that the date does not.
        regexp_replace(concat_ws(' ', cell_text(start), cell_text(start_2)), '^[A-Za-z]{2,9}\.?,? ([0-9]{1,2}[/.-])', '\1')
            as written,
    from named_fields
),

shown_order as (
    select
        coalesce(max(try_cast(regexp_extract(written, '^([0-9]{1,2})[/-][0-9]{1,2}[/-][0-9]{2}', 1) as integer)) > 12, false)
            as day_first,
        coalesce(max(try_cast(regexp_extract(written, '^[0-9]{1,2}[/-]([0-9]{1,2})[/-][0-9]{2}', 1) as integer)) > 12, false)
            as month_first,
    from texts
    where getvariable('day_first') is null
),

date_order as (
    select case
        when getvariable('day_first') is not null then getvariable('day_first')::boolean
        when day_first <> month_first then day_first
    end as day_first
    from shown_order
),

measured as (
    select
        texts.*,
        date_order.day_first as day_comes_first,
        if(
            regexp_full_match(duration, '[0-9]+,[0-9]+') or getvariable('decimal_comma'),
            replace(replace(duration, '.', if(getvariable('decimal_comma'), '', '.')), ',', '.'),
            duration
        ) as length,
    from texts
    cross join date_order
)

select
    line,
    irregular,
    malformed,
    cell_text(call_id) as id_text,
    null::varchar as id_parts,
    cell_text("from") as from_text,
    cell_text("to") as to_text,
    if(
        getvariable('time_format') is null,
        iso_time(written, coalesce(regexp_matches(written, '^[0-9]{1,2}\.'), false) or day_comes_first),
        written
    ) as start_text,
    seconds_text(cell_text(length), getvariable('factor')) as duration_text,
    case
        when cell_text(disposition) is null then null
        when list_contains(getvariable('unanswered_words')::varchar[], lower(disposition)) then false
        when list_contains(getvariable('answered_words')::varchar[], lower(disposition)) then true
        when getvariable('answered_words') is not null and getvariable('unanswered_words') is null then false
        when getvariable('unanswered_words') is not null and getvariable('answered_words') is null then true
        when getvariable('unanswered_words') is null then not is_unanswered(disposition)
    end as answered,
    case
        when list_contains(getvariable('outbound_words')::varchar[], lower(direction)) then 'outbound'
        when list_contains(getvariable('inbound_words')::varchar[], lower(direction)) then 'inbound'
        when list_contains(getvariable('internal_words')::varchar[], lower(direction)) then 'internal'
        else coalesce(direction_of(direction), direction_of_type(call_type))
    end as direction,
    cell_text(login) as login,
    null::varchar as called_login,
    cell_text(code) as code,
    cell_text(carrier) as carrier,
    null::bigint as near_epoch,
    case
        when lower(call_type) in ('sms', 'mms') then 'no-call'
        when getvariable('must_be_filled') is not null
            and nullif(
                case getvariable('must_be_filled')
                    when 'call_id' then call_id
                    when 'from' then "from"
                    when 'to' then "to"
                    when 'start' then start
                    when 'duration' then duration
                    when 'disposition' then disposition
                    when 'direction' then direction
                    when 'login' then login
                    when 'carrier' then carrier
                end,
                ''
            ) is null
        then 'no-call'
    end as role,
from measured
