-- bands.sql: the spans of the operator's time bands, a row per band, kind of day and span. In: the spans as JSON.
insert into bands
select unnest(from_json($bands, '[{"band": "VARCHAR", "day": "UTINYINT", "from_minute": "SMALLINT", "to_minute": "SMALLINT"}]'), recursive := true)
