-- suppliers.sql: the carriers as calls find them, with the parts of their deck, one row per name in CDRs. In: carriers, tariffs.
create or replace temp table suppliers as
with parts as (
    select
        deck,
        max(tariff) filter (direction = 'outbound' and not is_code) as outbound,
        max(tariff) filter (direction = 'inbound' and not is_code) as inbound,
        max(tariff) filter (direction = 'outbound' and is_code) as outbound_codes,
        max(tariff) filter (direction = 'inbound' and is_code) as inbound_codes,
    from tariffs
    group by deck
)

select
    row_number() over (order by carriers.trunk)::integer as supplier_row,
    carriers.*,
    parts.* exclude (deck),
from carriers
left join parts using (deck)
