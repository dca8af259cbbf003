-- heads.sql: the numbers that were called, as far as their digits matter: a row per tariff and head. In: calls_owned, tariffs.
create or replace temp table heads as
with asked as (
    select distinct tariff, if(is_code, to_number, to_number[1:$head_digits]) as head
    from calls_owned
    where tariff is not null and reason is null
    union
    select distinct buy_tariff as tariff, if(is_code, to_number, to_number[1:$head_digits]) as head
    from calls_owned
    where buy_tariff is not null and reason is null
)

select asked.tariff, head, if(tariffs.is_code, null, rpad(head, 15, '0')::ubigint) as first_number
from asked
inner join tariffs using (tariff)
