-- written.sql: the records as lines of a text file; numbers in them stay as they are written. In: records.
copy (select coalesce(regexp_replace(record::varchar, '\s*[\r\n]+\s*', ' ', 'g'), '') as line from records)
to $path (format csv, header false, delimiter e'\x1f', quote '', escape '')
