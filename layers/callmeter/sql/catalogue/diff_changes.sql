-- diff_changes.sql: what changes, a row per prefix and span: what is the same at all times, or for all callers, is one row.
-- In: diff_effects, diff_prefixes. `since` is null where it differs at $instant already, else the local day it begins.
with spans as (
    select
        *,
        lag((old_terms, new_terms)) over moments is not distinct from (old_terms, new_terms) as goes_on,
    from diff_effects
    window moments as (partition by place, kind, caller order by moment)
),

changed as (
    select * from spans where old_terms is distinct from new_terms and not goes_on
),

counted as (
    select place, count(distinct kind) as kinds, count(distinct caller) as callers
    from diff_effects
    group by place
),

of_times as (
    select
        place,
        moment,
        caller,
        old_terms,
        new_terms,
        any_value(destination) as destination,
        min(old_line) as old_line,
        min(new_line) as new_line,
        if(count(distinct kind) = any_value(kinds), null, string_agg(times, ', ' order by times)) as times,
        any_value(callers) as callers,
    from changed
    inner join counted using (place)
    group by place, moment, caller, old_terms, new_terms
),

of_callers as (
    select
        place,
        moment,
        times,
        old_terms,
        new_terms,
        any_value(destination) as destination,
        min(old_line) as old_line,
        min(new_line) as new_line,
        if(
            count(distinct caller) = any_value(callers),
            null,
            string_agg(if(caller = '', 'others', caller), ', ' order by caller)
        ) as callers,
    from of_times
    group by place, moment, times, old_terms, new_terms
)

select
    diff_prefixes.deck,
    diff_prefixes.prefix,
    diff_prefixes.direction,
    coalesce(destination, '') as destination,
    times as band,
    callers as "from",
    if(moment > $instant, strftime(timezone($timezone, timezone('UTC', moment)), '%Y-%m-%d'), null) as since,
    case
        when old_terms is null then 'new'
        when new_terms is null then 'withdrawn'
        when old_terms.per_call = new_terms.per_call and new_terms.rate_nanos > old_terms.rate_nanos then 'dearer'
        when old_terms.per_call = new_terms.per_call and new_terms.rate_nanos < old_terms.rate_nanos then 'cheaper'
        else 'terms'
    end as kind,
    old_line,
    new_line,
    old_terms,
    new_terms,
from of_callers
inner join diff_prefixes using (place)
order by deck, direction desc, prefix, moment, band, "from"
