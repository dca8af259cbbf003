-- band_overlaps.sql: which two bands have a minute in common, both ways round. In: bands.
create or replace temp table band_overlaps as
select distinct one.band, other.band as other
from bands as one
inner join bands as other
    on other.band <> one.band
    and other.day = one.day
    and other.from_minute < one.to_minute
    and one.from_minute < other.to_minute
