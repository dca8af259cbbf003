-- is_record.sql: whether $line is a whole JSON object that is a record itself, and not one that holds a list of them.
select case
    when not json_valid($line) then false
    when json_type($line) <> 'OBJECT' then false
    else not contains_records($line)
end as is_record
