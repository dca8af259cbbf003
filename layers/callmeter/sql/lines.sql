-- lines.sql: one row per physical line of a text file, in order; blank lines are null. rowid + 1 is the line number.
-- A line is a row, always: a stray quote spoils its own line only. The file was made safe before (sources/text.py).
create or replace temp table lines as
select line
from read_csv(
    $path,
    columns = {'line': 'VARCHAR'},
    header = false,
    auto_detect = false,
    delim = chr(31),
    quote = '',
    escape = '',
    new_line = '\n',
    max_line_size = 8000000
)
