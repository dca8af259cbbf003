-- allowances.sql: one row per allowance of a plan, `position` from 1 in plan order. In: the allowances as JSON.
insert into allowances
select unnest(from_json($allowances, '[{
    "catalogue": "VARCHAR", "plan": "VARCHAR", "position": "INTEGER", "name": "VARCHAR", "groups": ["VARCHAR"], "minutes": "INTEGER"
}]'), recursive := true)
