-- priced.sql: stage 1's result, appended to priced_calls: one row per line that is no reject, at its full price.
-- In: calls_matched, call_rows, deck_rows, periods. Everything here depends on the call and the catalogue alone.
insert into priced_calls
with calls as (
    select
        calls_matched.*,
        deck_rows.* exclude (deck, is_code, direction, currency, starts_at, ends_at, line, row_id, first_increment, increment),
        case billing when 'per-minute' then 60 when 'per-second' then 1 else deck_rows.first_increment end as first_increment,
        case billing when 'per-minute' then 60 when 'per-second' then 1 else deck_rows.increment end as increment,
        periods.label as period,
        deck_rows.row_id is not null as found,
    from calls_matched
    left join call_rows on call_rows.line = calls_matched.line
    left join deck_rows on deck_rows.row_id = call_rows.row_id
    left join periods
        on periods.timezone = calls_matched.timezone
        and periods.anchor_day = calls_matched.anchor_day
        and calls_matched.started_at >= periods.starts_at
        and calls_matched.started_at < periods.ends_at
    where reason is null
        and (call_rows.row_id is not null or not answered or calls_matched.direction <> 'outbound')
),

measured as (
    select
        *,
        case
            when not answered then 'unanswered'
            when late then 'late'
            else 'rated'
        end as status,
        if(answered and found and not late, billed(duration_seconds, first_increment, increment), 0) as billed_seconds,
    from calls
)

select
    call_id,
    account_id,
    $source as source,
    direction,
    from_number,
    to_number,
    started_at,
    duration_seconds,
    if(status = 'late', null, billed_seconds)::integer as billed_seconds,
    coalesce(destination, '') as destination,
    coalesce("group", '') as "group",
    coalesce(prefix, '') as prefix,
    coalesce(deck, '') as deck,
    rate_nanos,
    coalesce(connect_fee_nanos, 0) as connect_fee_nanos,
    first_increment::integer as first_increment,
    increment::integer as increment,
    coalesce(per_call, false) as per_call,
    case
        when status = 'late' then null
        when status = 'unanswered' or not found then 0
        when per_call then charge_nanos(rate_nanos, connect_fee_nanos, 60, charge_step, rounding)
        else charge_nanos(rate_nanos, connect_fee_nanos, billed_seconds, charge_step, rounding)
    end::bigint as charge_nanos,
    currency,
    status,
    answered and found and not allowed as barred,
    carrier,
    null::bigint as buy_charge_nanos,
    period,
    plan,
    charge_step,
    rounding,
    $catalogue as catalogue,
    $file as file,
    line,
from measured
