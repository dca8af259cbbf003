-- carriers.sql: one row per name that a carrier has in CDRs. In: the carriers as JSON.
insert into carriers
select unnest(from_json($carriers, '[{
    "trunk": "VARCHAR", "carrier": "VARCHAR", "deck": "VARCHAR", "currency": "VARCHAR", "billing": "VARCHAR",
    "charge_step": "BIGINT", "rounding": "VARCHAR"
}]'), recursive := true)
