-- warn_unused_groups.sql: groups of allowances that no row of the plan's deck has, a row each. In: allowances, plans, deck_rows.
with asked as (
    select allowances.plan, allowances.position, allowances.name, unnest(allowances.groups) as "group"
    from allowances
)

select asked.plan, asked.position, asked.name, asked."group", plans.deck
from asked
inner join plans using (plan)
anti join deck_rows on deck_rows.deck = plans.deck and deck_rows."group" = asked."group"
order by asked.plan, asked.position, asked."group"
