-- destinations.sql: one row per named prefix. In: fields of destinations.csv, checked.
insert into destinations
select
    regexp_replace(cell_text(cells[$prefix]), '^\+', '') as prefix,
    cell_text(cells[$destination]) as destination,
    cell_text(cells[$group]) as "group",
    line,
from fields
