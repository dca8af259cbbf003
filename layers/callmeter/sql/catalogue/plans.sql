-- plans.sql: one row per plan. In: the plans as JSON.
insert into plans
select unnest(from_json($plans, '[{
    "plan": "VARCHAR", "deck": "VARCHAR", "currency": "VARCHAR", "billing": "VARCHAR",
    "charge_step": "BIGINT", "rounding": "VARCHAR"
}]'), recursive := true)
