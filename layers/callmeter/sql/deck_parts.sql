-- deck_parts.sql: which part of a deck calls of a direction are matched with, one row per deck. In: tariffs.
create or replace temp view deck_parts as
select
    deck,
    max(tariff) filter (direction = 'outbound' and not is_code) as outbound,
    max(tariff) filter (direction = 'inbound' and not is_code) as inbound,
    max(tariff) filter (direction = 'outbound' and is_code) as outbound_codes,
    max(tariff) filter (direction = 'inbound' and is_code) as inbound_codes,
from tariffs
group by deck
