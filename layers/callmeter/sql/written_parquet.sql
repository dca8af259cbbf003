-- written_parquet.sql: the rated calls, read back from the file they were written to: quicker than working them out again.
create or replace temp view written as
from read_parquet(getvariable('out'))
