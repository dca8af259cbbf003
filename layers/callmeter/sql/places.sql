-- places.sql: the world's destinations, one row per prefix. In: them as JSON.
create or replace temp table places as
select unnest(from_json($places, '[{"prefix": "VARCHAR", "destination": "VARCHAR"}]'), recursive := true)
