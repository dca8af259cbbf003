-- touched_add.sql: the accounts and periods of one file's changes, to all of them. In: compared.
insert into touched
select account_before, period_before from compared where account_before is not null
union
select account_after, period_after from compared where account_after is not null
