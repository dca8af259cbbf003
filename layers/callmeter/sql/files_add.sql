-- files_add.sql: one more file.
insert into files values ($file_row, $file, $source)
