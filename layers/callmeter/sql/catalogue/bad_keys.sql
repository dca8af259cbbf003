-- bad_keys.sql: numbers of accounts that are none, a row each. In: account_texts.
with written as (
    select account_row, unnest(numbers) as number
    from account_texts
),

bare as (
    select account_row, number, undressed(number) as bare_number
    from written
)

select account_row, number
from bare
where e164(bare_number, $country_code, $international, $trunk, $national_lengths) is null
order by account_row, number
