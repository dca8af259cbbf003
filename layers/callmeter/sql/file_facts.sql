-- file_facts.sql: what a file says of its calls. In: files.
create or replace temp table file_facts as
select file_row, file::few_text as file, source::few_text as source
from files
