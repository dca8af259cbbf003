-- number.sql: one dialled number under a dial plan: its E.164 digits, or the short code it is.
with bare as (
    select undressed($to) as dialled
),

read as (
    select dialled, e164(dialled, $country_code, $international, $trunk, $national_lengths) as number
    from bare
)

select number, if(number is null, short_code(dialled), null) as code
from read
