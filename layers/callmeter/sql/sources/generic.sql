-- generic.sql: any CSV with a header, or JSON records -> raw_calls. In: named_fields. Grain: one row per line. What is not of
-- the usual forms, such as dates with slashes, goes through mapped.sql.
create or replace temp view raw_calls as
select
    line,
    irregular,
    malformed,
    cell_text(call_id) as id_text,
    null::varchar as id_parts,
    cell_text("from") as from_text,
    cell_text("to") as to_text,
    cell_text(start) as start_text,
    cell_text(duration) as duration_text,
    not is_unanswered(disposition) as answered,
    coalesce(direction_of(direction), direction_of_type(call_type)) as direction,
    cell_text(login) as login,
    null::varchar as called_login,
    cell_text(code) as code,
    cell_text(carrier) as carrier,
    null::bigint as near_epoch,
    if(lower(call_type) in ('sms', 'mms'), 'no-call', null) as role,
from named_fields
