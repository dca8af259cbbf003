-- reject_examples.sql: rejects by reason, the most frequent first, each with its first line as an example. In: rejects.
select
    reason,
    count(*) as rejected,
    arg_min(struct_pack(file := file, line := line, detail := detail, raw := raw), (file, line)) as example,
from rejects
group by reason
order by rejected desc, reason
