-- changes_add.sql: one file's changes, to all of them. In: compared.
insert into changes
select * from compared
where reason is not null
