-- json_array.sql: the records of a JSON array in a file, a row each. In: a text file.
create or replace temp table records as
select json as record
from read_json_objects($path, format = 'array', maximum_object_size = $largest)
