-- covered.sql: one turn, for the allowance at $position of every plan: what each call takes of it. In: covering.
-- takes = max(0, min(asks, pool - what earlier calls asked)), calls in order of (start, call id). Design 2, 3.7.
create or replace temp table covered as
with asking as (
    select
        covering.*,
        allowances.name,
        allowances.minutes * 60::bigint as pool,
        if(list_contains(allowances.groups, covering."group"), uncovered, 0) as asks,
    from covering
    left join allowances on allowances.catalogue = covering.catalogue
        and allowances.plan = covering.plan
        and allowances.position = $position
),

queued as (
    select
        *,
        coalesce(
            sum(asks) over (
                partition by account_id, period, plan
                order by started_at, call_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as asked_before,
    from asking
)

select
    call_row,
    account_id,
    call_id,
    period,
    plan,
    catalogue,
    "group",
    started_at,
    name,
    uncovered,
    free_seconds,
    coalesce(greatest(0, least(asks, pool - asked_before)), 0)::bigint as takes,
from queued
