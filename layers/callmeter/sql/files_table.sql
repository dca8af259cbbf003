-- files_table.sql: the files that are rated, empty.
create or replace table files (file_row integer, file varchar, source varchar)
