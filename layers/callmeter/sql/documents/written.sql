-- written.sql: the records as lines of a text file. In: records.
copy (select json(record)::varchar as line from records)
to $path (format csv, header false, delimiter e'\x1f', quote '', escape '')
