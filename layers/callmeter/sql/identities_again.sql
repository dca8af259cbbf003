-- identities_again.sql: what tells calls apart, for stage 2 over kept calls. In: kept_calls.
create or replace temp view identities as
select rowid as call_row, call_id
from kept_calls
