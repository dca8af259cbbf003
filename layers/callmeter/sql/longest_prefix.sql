-- longest_prefix.sql: the most digits that a prefix has in any deck. In: deck_rows.
select coalesce(max(length(prefix)) filter (not is_code), 1) as digits
from deck_rows
