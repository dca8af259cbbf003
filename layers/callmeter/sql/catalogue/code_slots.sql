-- code_slots.sql: the slot of each code. In: slots.
insert into code_slots
select tariff, prefix as code, slot
from slots
where is_code
