-- supplier_facts.sql: what a known carrier says of a call. In: suppliers.
create or replace temp table supplier_facts as
select supplier_row, carrier::few_text as carrier
from suppliers
