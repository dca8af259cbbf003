-- priced.sql: stage 1's result, one row per call at its full price, money in nanos. In: calls_matched, row_facts,
-- account_facts, file_facts, supplier_facts, buy_charges. Everything here depends on the call and the catalogue alone.
create or replace temp view priced_calls as
with calls as (
    select
        calls_matched.rowid as call_row,
        calls_matched.* exclude (is_code, buy_tariff, sell_slot, buy_row, reason, detail),
        account_facts.* exclude (account_row, starts_at, ends_at, own_increment),
        row_facts.* exclude (row_id, first_increment, increment),
        coalesce(own_increment, row_facts.first_increment) as first_increment,
        coalesce(own_increment, row_facts.increment) as increment,
        sell_row is not null as found,
        case
            when started_at < account_facts.starts_at + interval 15 minute then period_after(period, -1)
            when started_at >= account_facts.ends_at - interval 15 minute then period_after(period, 1)
        end as edge_of,
    from calls_matched
    inner join account_facts
        on account_facts.account_row = calls_matched.account_row
        and account_facts.starts_at <= calls_matched.started_at
        and account_facts.ends_at > calls_matched.started_at
    left join row_facts on row_facts.row_id = calls_matched.sell_row
),

measured as (
    select
        *,
        coalesce(late, false) and answered as is_late,
        if(answered and found and not late, billed(duration_seconds, first_increment, increment), 0)::integer as billed_seconds,
    from calls
)

select
    measured.call_row,
    call_id,
    account_id,
    file_facts.source,
    direction,
    from_number,
    to_number,
    started_at,
    duration_seconds,
    if(is_late, null, billed_seconds) as billed_seconds,
    coalesce(destination, ''::destination_text) as destination,
    coalesce("group", ''::group_text) as "group",
    coalesce(prefix, ''::prefix_text) as prefix,
    coalesce(measured.deck, ''::few_text) as deck,
    rate_nanos,
    coalesce(connect_fee_nanos, 0) as connect_fee_nanos,
    rate,
    coalesce(connect_fee, 0) as connect_fee,
    first_increment::integer as first_increment,
    increment::integer as increment,
    coalesce(per_call, false) as per_call,
    max_charge_nanos,
    case
        when is_late then null
        when not answered or not found then 0
        else charge_nanos(
            rate_nanos,
            connect_fee_nanos,
            if(per_call, 60, billed_seconds),
            max_charge_nanos,
            measured.charge_step,
            rounding_nanos
        )
    end::bigint as charge_nanos,
    measured.currency,
    case
        when not answered then 'unanswered'::few_text
        when is_late then 'late'::few_text
        else 'rated'::few_text
    end as status,
    answered and found and not allowed as barred,
    coalesce(supplier_facts.carrier, if(trunk = '', ''::few_text, trunk::few_text)) as carrier,
    buy_charge_nanos,
    period,
    plan,
    measured.charge_step,
    measured.rounding,
    getvariable('catalogue')::few_text as catalogue,
    file_facts.file,
    line,
    edge_of,
    null::varchar as kept_in,
from measured
inner join file_facts using (file_row)
left join supplier_facts using (supplier_row)
left join buy_charges on buy_charges.call_row = measured.call_row
