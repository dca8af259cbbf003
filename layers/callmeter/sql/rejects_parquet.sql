-- rejects_parquet.sql: adds a Parquet file of rejects, as `callmeter rate --rejects` writes it, to rejects.
insert into rejects
select file, line, reason, detail, raw
from read_parquet($path)
