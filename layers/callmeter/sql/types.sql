-- types.sql: types that several stages share. Once per connection.
create or replace type direction as enum ('outbound', 'inbound', 'internal');
