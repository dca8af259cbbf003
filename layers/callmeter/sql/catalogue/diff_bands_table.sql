-- diff_bands_table.sql: when the time bands of either side hold, empty. In: bands.
create or replace temp table diff_bands as
select ''::varchar as side, * from bands
limit 0
