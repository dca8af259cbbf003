-- number.sql: one dialled number under a dial plan: its E.164 digits, or the short code it is.
select
    e164(undressed($to), $country_code, $international, $trunk, $national_lengths) as number,
    if(
        e164(undressed($to), $country_code, $international, $trunk, $national_lengths) is null,
        short_code(undressed($to)),
        null
    ) as code,
