-- rejects_before.sql: one file's rejects as they were. In: rejects.
create or replace temp table rejects_before as
select * from rejects
