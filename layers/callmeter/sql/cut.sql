-- cut.sql: a text file as DuckDB's own CSV reader cuts it: fast, side by side, a row per line that is not blank, in order.
-- In: variables path, columns (name -> VARCHAR, the last of them `surplus`), skip, delimiter, quote. An empty cell is '',
-- a cell that a short line lacks is null. It raises an error where the file is not regular: then fields.sql does it.
create or replace temp view cut as
from read_csv(
    getvariable('path'),
    columns = getvariable('columns'),
    header = false,
    skip = getvariable('skip'),
    auto_detect = false,
    delim = getvariable('delimiter'),
    quote = getvariable('quote'),
    escape = getvariable('quote'),
    new_line = '\n',
    null_padding = true,
    nullstr = chr(30),
    max_line_size = 8000000
)
