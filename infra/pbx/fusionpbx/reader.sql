-- For a pull of kind "fusionpbx": a role that can read the table of calls and nothing else.
--   sudo -u postgres psql fusionpbx < reader.sql
-- In pg_hba.conf, with the address the pull comes from (then: select pg_reload_conf();):
--   hostssl fusionpbx callmeter 198.51.100.7/32 scram-sha-256
set password_encryption = 'scram-sha-256';
create role callmeter login password 'CHANGE-ME' connection limit 2;
alter role callmeter set default_transaction_read_only = on;
grant connect on database fusionpbx to callmeter;
grant usage on schema public to callmeter;
grant select on v_xml_cdr to callmeter;
