-- diff_effects.sql: the row that each case matches on either side, and what it says of a price. In: diff_cases, diff_related,
-- diff_rows. Null terms: calls match nothing.
create or replace temp table diff_effects as
with chosen as (
    select
        cases.place,
        cases.moment,
        cases.kind,
        cases.caller,
        any_value(cases.times) as times,
        max_by(related.row_id, related.rank) filter (related.side = 'old') as old_row,
        max_by(related.row_id, related.rank) filter (related.side = 'new') as new_row,
    from diff_cases as cases
    left join diff_related as related
        on related.place = cases.place
        and related.starts_at <= cases.moment
        and related.ends_at > cases.moment
        and (
            related.band is null
            or list_contains(if(related.side = 'old', cases.old_bands, cases.new_bands), related.band)
        )
        and (related.from_prefix is null or starts_with(cases.caller, related.from_prefix))
    group by cases.place, cases.moment, cases.kind, cases.caller
),

said as (
    select
        side,
        row_id,
        destination,
        line,
        struct_pack(
            rate_nanos,
            connect_fee_nanos,
            first_increment := if(per_call, null, first_increment),
            increment := if(per_call, null, increment),
            per_call,
            allowed,
            late,
            max_charge_nanos,
            "group"
        ) as terms,
    from diff_rows
)

select
    chosen.*,
    old_said.terms as old_terms,
    new_said.terms as new_terms,
    old_said.line as old_line,
    new_said.line as new_line,
    coalesce(nullif(new_said.destination, ''), nullif(old_said.destination, '')) as destination,
from chosen
left join said as old_said on old_said.side = 'old' and old_said.row_id = chosen.old_row
left join said as new_said on new_said.side = 'new' and new_said.row_id = chosen.new_row
