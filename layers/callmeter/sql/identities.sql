-- identities.sql: what tells calls apart, for stage 2 after stage 1. In: calls_matched.
create or replace temp view identities as
select rowid as call_row, call_id
from calls_matched
