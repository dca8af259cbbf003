-- json_documents.sql: the records in a file of JSON documents, a row each. In: a text file.
-- An API's answer holds its records in a list: of Twilio and SignalWire (calls), Telnyx and DIDWW (data), VoIP.ms (cdr), Plivo
-- (objects), sipgate (items), FreePBX (data.fetchAllCdrs.cdrs), Vonage (_embedded.calls).
create or replace temp table records as
with documents as (
    select json as document
    from read_json_objects($path, format = 'unstructured', maximum_object_size = $largest)
)

select unnest(if(contains_records(document), json_extract(document, records_path(document))::json[], [document])) as record
from documents
