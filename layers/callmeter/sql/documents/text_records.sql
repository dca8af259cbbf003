-- text_records.sql: documents as they are, a row each. In: texts.
create or replace temp table records as
select document as record
from texts
order by number
