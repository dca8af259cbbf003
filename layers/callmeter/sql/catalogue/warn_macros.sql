-- warn_macros.sql: how warnings write a price of integer nanos: 0.0864, 1.50. Twin of money.plain.
create or replace temp macro price(amount_nanos) as
    regexp_replace(money(amount_nanos)::varchar, '(\.[0-9]{2}[0-9]*?)0*$', '\1')
