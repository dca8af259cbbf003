-- diff_bands.sql: adds a side's time bands. In: bands.
insert into diff_bands
select $side as side, * from bands
