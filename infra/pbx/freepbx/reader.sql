-- For a pull of kind "freepbx-mysql" (FreePBX, Issabel): a user who can read the table of calls and nothing else.
-- As root of the PBX's database, with an address instead of % where the pull has a fixed one:
--   mysql < reader.sql
create user 'callmeter'@'%' identified by 'CHANGE-ME' require ssl with max_user_connections 2;
grant select on asteriskcdrdb.cdr to 'callmeter'@'%';
