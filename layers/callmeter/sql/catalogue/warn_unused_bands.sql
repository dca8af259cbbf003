-- warn_unused_bands.sql: time bands that no deck row has, a row each. In: bands, deck_rows.
select distinct band
from bands
anti join deck_rows using (band)
order by band
