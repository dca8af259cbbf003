-- texts_in_records.sql: the XML documents that JSON records, one a line, have in their member `xml`. In: lines. Other lines
-- stay as they are.
create or replace temp table texts as
select
    rowid as number,
    if(json_valid(line), json_extract_string(line, '$.xml'), null) as document,
    line as record,
from lines
order by rowid
