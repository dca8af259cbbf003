-- rejects_csv.sql: adds a CSV of rejects, as `callmeter rate --rejects` writes it, to rejects. A line that was rejected may be
-- anything, but holds no line end.
insert into rejects
select file, line, reason, detail, raw
from read_csv(
    $path,
    columns = {'file': 'VARCHAR', 'line': 'INTEGER', 'reason': 'VARCHAR', 'detail': 'VARCHAR', 'raw': 'VARCHAR'},
    header = true,
    auto_detect = false,
    delim = ',',
    quote = '"',
    escape = '"',
    max_line_size = 16000000
)
