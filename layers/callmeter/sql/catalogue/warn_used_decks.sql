-- warn_used_decks.sql: the decks that a plan or carrier uses, a row each. In: plans, carriers.
select deck from plans
union
select deck from carriers
order by deck
