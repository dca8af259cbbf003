-- irregular_none.sql: no line in particular has to be cut with care.
create or replace temp table irregular_lines (line bigint)
