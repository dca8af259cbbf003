-- warn_numbers.sql: numbers of accounts that are written in full, but without +, and are read as national ones: a row each.
-- In: account_texts. In some countries a national number may be as long as a full one, and begin with the country's code.
with written as (
    select account_row, unnest(numbers) as number
    from account_texts
),

readings as (
    select
        account_row,
        number,
        undressed(number) as bare,
        e164(undressed(number), $country_code, $international, $trunk, $national_lengths) as reading,
    from written
)

select
    'read-as-national' as code,
    account_row as line,
    'numbers' as asked,
    format('"{}" is read as a national number: +{}', number, reading) as text,
    format('If +{} is meant, write it so, with the +.', bare) as hint,
    count(*) over () as found,
from readings
where reading = $country_code || bare
    and starts_with(bare, $country_code)
    and list_contains($national_lengths, length(bare) - length($country_code))
qualify row_number() over (order by account_row, number) <= $shown
order by account_row, number
