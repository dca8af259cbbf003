-- periods.sql: one row per billing calendar and period, instants UTC, end exclusive. In: the periods as JSON.
create or replace temp table periods as
select unnest(from_json($periods, '[{
    "timezone": "VARCHAR", "anchor_day": "INTEGER", "label": "VARCHAR", "starts_at": "TIMESTAMP", "ends_at": "TIMESTAMP"
}]'), recursive := true)
