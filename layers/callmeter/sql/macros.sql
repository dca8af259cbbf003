-- macros.sql: scalar building blocks that stages share. A connection gets those that its stages name, and what they are made
-- of, which stands above them; see callmeter.sql.run.

-- A truth value as rate decks write it; null where it is none.
create or replace macro truth(cell) as
    case
        when lower(cell) in ('yes', 'y', 'true', 't', '1', 'on') then true
        when lower(cell) in ('no', 'n', 'false', 'f', '0', 'off') then false
    end;

-- Whether a group's calls go to codes (999, 118118, *97): dialled as they are, matched whole, never as a prefix.
create or replace macro is_code_group(name) as coalesce(lower(name) in ('emergency', 'short', 'feature'), false);

-- A trimmed cell without the quotes around it.
create or replace macro undressed_cell(cell) as
    if(
        starts_with(cell, '"') and ends_with(cell, '"') and length(cell) > 1,
        trim(replace(substr(cell, 2, length(cell) - 2), '""', '"')),
        cell
    );

-- A cell without blanks around it; trim() itself costs ten times as much as seeing that there are none.
create or replace macro trimmed_cell(cell) as
    if(
        starts_with(cell, ' ') or ends_with(cell, ' ') or starts_with(cell, chr(9)) or ends_with(cell, chr(9)),
        trim(cell, ' ' || chr(9)),
        cell
    );

-- A field's text; null where empty.
create or replace macro cell_text(cell) as nullif(cell, '');

-- What is wrong where a line has cells beyond its header's; blank ones, of trailing delimiters, do no harm.
create or replace macro surplus_cells(cells, width) as
    case
        when len(cells) > width and array_to_string(cells[width + 1:], '') <> ''
        then format('the line has {} fields, the header {}', len(cells), width)
    end;

-- Exact decimal text, or scientific such as 1e-05, as nanos; null where it is no number, has over 9 decimals, or is
-- over 200000: a call of 31 days at that rate is the most that a bigint of nanos holds.
create or replace macro nanos(cell) as
    case
        when regexp_full_match(cell, '[0-9]{1,5}(\.[0-9]{1,9})?')
        then (try_cast(cell as decimal(28, 9)) * 1000000000)::decimal(38, 0)::bigint
        when regexp_full_match(cell, '[0-9]{1,6}(\.[0-9]{0,9}0*)?|\.[0-9]{1,9}0*|[0-9](\.[0-9]{1,8})?[eE]-?0?[0-9]')
            and try_cast(cell as decimal(38, 18)) = try_cast(cell as decimal(38, 9))
            and try_cast(cell as decimal(38, 9)) <= 200000
        then (try_cast(cell as decimal(38, 9)) * 1000000000)::decimal(38, 0)::bigint
    end;

-- Integer nanos as an exact decimal with 9 digits.
create or replace macro money(amount_nanos) as
    (amount_nanos::decimal(28, 0) * 0.000000001::decimal(10, 9))::decimal(28, 9);

-- A charge of integer nanos, which has 6 decimals at most, as an exact decimal. Those below a million need no hugeint.
create or replace macro charge_money(amount_nanos) as
    case
        when amount_nanos between 0 and 999999999999999
        then (amount_nanos // 1000)::decimal(12, 0) * 0.000001::decimal(6, 6)
        else money(amount_nanos)::decimal(18, 6)
    end;

-- The instant (UTC) of a local wall time. Of the two instants in the hour that daylight saving repeats, the
-- first; a time that daylight saving skips counts with the offset before the change. Zones shift by 60 or 30 minutes.
create or replace macro instant(zone, wall) as
    case
        when timezone(zone, timezone(zone, wall) - interval 60 minute) = wall
        then timezone('UTC', timezone(zone, wall) - interval 60 minute)
        when timezone(zone, timezone(zone, wall) - interval 30 minute) = wall
        then timezone('UTC', timezone(zone, wall) - interval 30 minute)
        else timezone('UTC', timezone(zone, wall))
    end;

-- What was dialled, without dress: display name, scheme, host, parameters, separators, tech prefix. The trunk prefix
-- of +44 (0)20 goes, that of (0)20 stays.
create or replace macro undressed(dialled) as
    case
        when regexp_full_match(dialled, '\+?[0-9]+') then dialled
        else regexp_replace(
            regexp_replace(
                regexp_replace(
                    split_part(
                        split_part(
                            regexp_replace(
                                replace(
                                    if(contains(dialled, '<'), regexp_extract(dialled, '<([^>]*)>', 1), trim(dialled)),
                                    '%2B', '+'
                                ),
                                '^(sips?|tel|callto):', '', 'i'
                            ),
                            '@', 1
                        ),
                        ';', 1
                    ),
                    '^(.*[0-9].*)[(]0[)]', '\1'
                ),
                '[\s().\x{00A0}/-]', '', 'g'
            ),
            '^[0-9]{1,8}#(\+?[0-9]{7,})$', '\1'
        )
    end;

-- The digits of a number that is written as +442079460001, whatever the dial plan; null where it is not.
create or replace macro plain_e164(written) as
    case when regexp_full_match(written, '\+[1-9][0-9]{6,14}') then substr(written, 2) end;

-- E.164 digits of an undressed number under a dial plan; null where it is not a number of that form.
--   country_code '44' · international '^(?:00)' · trunk '0' or '' · lengths of national numbers without trunk prefix
create or replace macro e164(bare, country_code, international, trunk, lengths) as
    nullif(regexp_extract(
        case
            when starts_with(bare, '+') then substr(bare, 2)
            when regexp_matches(bare, international) then regexp_replace(bare, international, '')
            when trunk <> '' and starts_with(bare, trunk) and length(bare) > 6 then country_code || substr(bare, length(trunk) + 1)
            when (trunk = '' or country_code = '1') and list_contains(lengths, length(bare)) and length(bare) <= 10
            then country_code || bare
            when country_code = '1' and length(bare) = 7 then null
            when length(bare) <= 6 then null
            else bare
        end,
        '^[1-9][0-9]{6,14}$'
    ), '');

-- A number of E.164 digits as 15 digits, filled up with zeros.
create or replace macro number15(digits) as
    try_cast(digits as ubigint) * case length(digits)
        when 7 then 100000000
        when 8 then 10000000
        when 9 then 1000000
        when 10 then 100000
        when 11 then 10000
        when 12 then 1000
        when 13 then 100
        when 14 then 10
        when 15 then 1
    end::ubigint;

-- The first `digits` of a number of 15 as one integer, apart from those of other tariffs and lengths: tariff, 1, digits.
-- Null where the number has fewer of its own: what it was filled up with is no part of it.
create or replace macro mark_of(tariff, number, own_digits, digits) as
    tariff::ubigint * 10000000000000000
    + case digits
        when 1 then number // 100000000000000 + 10
        when 2 then number // 10000000000000 + 100
        when 3 then number // 1000000000000 + 1000
        when 4 then number // 100000000000 + 10000
        when 5 then number // 10000000000 + 100000
        when 6 then number // 1000000000 + 1000000
        when 7 then number // 100000000 + 10000000
        when 8 then if(own_digits >= 8, number // 10000000 + 100000000, null)
        when 9 then if(own_digits >= 9, number // 1000000 + 1000000000, null)
        when 10 then if(own_digits >= 10, number // 100000 + 10000000000, null)
        when 11 then if(own_digits >= 11, number // 10000 + 100000000000, null)
        when 12 then if(own_digits >= 12, number // 1000 + 1000000000000, null)
        when 13 then if(own_digits >= 13, number // 100 + 10000000000000, null)
        when 14 then if(own_digits >= 14, number // 10 + 100000000000000, null)
        when 15 then if(own_digits >= 15, number + 1000000000000000, null)
    end::ubigint;

-- Whether a call that was matched is one to be paid for: outbound calls that were answered need a rate; inbound ones without
-- a row cost nothing. Design 3.4.
create or replace macro is_payable(reason, sell_row, answered, direction) as
    reason is null and (sell_row is not null or not answered or direction <> 'outbound');

-- Emergency, short and feature codes: dialled as they are, never E.164.
create or replace macro short_code(bare) as
    case when regexp_full_match(bare, '[0-9]{2,6}|[*#][0-9*#]{1,11}') then bare end;

-- Billed seconds of an answered call of whole `duration_seconds` > 0. Design 3.5.
create or replace macro billed(duration_seconds, first_increment, increment) as
    case
        when duration_seconds <= first_increment then first_increment
        else first_increment
            + (duration_seconds - first_increment + increment - 1) // increment * increment
    end;

-- What is added before the rest is cut off, in sixtieths of nanos.
create or replace macro rounding_of(rounding, step) as
    case rounding when 'up' then 60 * step - 1 when 'down' then 0 else 30 * step end;

-- Sixtieths of nanos to nanos, rounded once to `step` nanos. Never negative, so // floors.
create or replace macro rounded_sixtieths(sixtieths, step, added) as
    (sixtieths + added) // (60 * step) * step;

-- One answered call's charge in nanos: capped, then rounded once to `step` nanos. Design 3.6. A max_charge_nanos of null is
-- no cap. `added` is rounding_of(rounding, step). What could pass a bigint, at rates no deck has, is worked out in a hugeint, which takes ten times as long.
create or replace macro charge_nanos(rate_nanos, connect_fee_nanos, seconds, max_charge_nanos, step, added) as
    case
        when rate_nanos < 1000000000000 and connect_fee_nanos < 1000000000000 and seconds < 1000000
        then rounded_sixtieths(
            least(connect_fee_nanos * 60 + rate_nanos * seconds, max_charge_nanos * 60), step, added
        )
        else rounded_sixtieths(
            least(connect_fee_nanos::hugeint * 60 + rate_nanos::hugeint * seconds, max_charge_nanos::hugeint * 60),
            step::hugeint,
            added
        )
    end;

-- The increment, first and further, that a plan or carrier has of its own; null where it is the deck's.
create or replace macro own_increment(billing) as
    case billing when 'per-minute' then 60 when 'per-second' then 1 end;

-- Nanos of one currency in another, rounded half up to 6 decimals. One of the two rates is null. Design 3.13.
create or replace macro exchanged(amount_nanos, multiply_nanos, divide_nanos) as
    case
        when multiply_nanos is not null
        then (amount_nanos::hugeint * multiply_nanos + 500000000000) // 1000000000000 * 1000
        when divide_nanos is not null
        then (2 * amount_nanos::hugeint * 1000000000 + divide_nanos::hugeint * 1000)
            // (2 * divide_nanos::hugeint * 1000) * 1000
    end::bigint;

-- The name in an Asterisk channel: alice of PJSIP/alice-00000012, 101 of Local/101@from-internal-00000003;2, i1 of
-- DAHDI/i1/02079460001-4, acme of SIP/acme-5f30<ZOMBIE>.
create or replace macro endpoint(channel) as
    nullif(
        regexp_extract(
            channel,
            '^[A-Za-z0-9_]+/([^/@]+?)([/@].*|-([0-9a-fA-F]{4,}|u?[0-9]+))?(;[12])?(<[A-Z]+>)?$',
            1
        ),
        ''
    );

-- A uniqueid or linkedid as Asterisk makes them, 1791194400.12 or pbx-1791194400.12; null for other text.
create or replace macro asterisk_id(cell) as
    if(regexp_full_match(cell, '(.+-)?[0-9]{9,11}\.[0-9]+'), cell, null);

-- A cell of a table's export; null where it is empty, or what MySQL writes for null.
create or replace macro table_text(cell) as if(cell in ('', 'NULL', '\N'), null, cell);

-- What an end of a 3CX call is, by the words its versions have for that: 'line' is the outside; null for other words.
create or replace macro end_kind(word) as
    case
        when lower(word) in (
            'line', 'provider', 'external', 'externalline', 'external_line', 'gateway', 'bridge', 'trunk', 'outbound_rule', 'did'
        )
        then 'line'
        when lower(word) in ('extension', 'wextension') then 'extension'
        when lower(word) in (
            'queue', 'ringgroup', 'ring_group', 'ring_group_ring_all', 'ring_group_hunt', 'ring_group_paging', 'ivr', 'vmail',
            'voicemail', 'vmail_console', 'fax', 'confplace', 'conference', 'script', 'parking', 'specialmenu', 'special_menu',
            'routepoint', 'route_point', 'process', 'callflow', 'wspecialmenu', 'unknown', 'none'
        )
        then 'pbx'
    end;

-- What it is by its number: 3CX writes its own as Ext.101; and that number.
create or replace macro end_of(number) as
    case when number ilike 'ext.%' then 'extension' when number is not null then 'line' end;
create or replace macro own_number(number) as regexp_replace(number, '^ext[.]', '', 'i');

-- Whether a channel is named as extensions are, a dialled text a number or code at all, and one of a subscriber.
create or replace macro is_phone_name(name) as regexp_full_match(name, '[0-9]{1,6}');
create or replace macro is_dialled(dialled) as
    coalesce(regexp_full_match(dialled, '[+*#0-9][*#0-9 ().-]+'), false);
create or replace macro is_full_number(dialled) as
    coalesce(regexp_full_match(dialled, '\+?[0-9][0-9 ().-]{5,}[0-9]'), false);

-- Whether an Asterisk channel is a port of a line card or a mobile, which is nearly always a way out.
create or replace macro is_line_port(channel) as
    coalesce(
        regexp_matches(
            lower(channel), '^(dahdi|zap|misdn|capi|khomp|vpb|dongle|quectel|datacard|unicall|ooh323|h323)/'
        ),
        false
    );

-- What the names of contexts say, in lower case: that a call came over a trunk, and that it came from a phone.
create or replace macro is_outward_context(context) as
    regexp_matches(context, '(^|[-_.])(to|out|outbound|outgoing|dialout|outrt|outside|salida|salientes?|saida)([-_.0-9]|$)');
create or replace macro is_trunk_context(context) as
    regexp_matches(
        context,
        '^from-(trunk|pstn|did|dahdi|zap|analog|digital|external|sip-?(external|trunk)|outside|provider|carrier|isdn|gsm|pots|itsp)'
        || '|^ext-did|^trunk-?in'
        || '|(^|[-_.])(pstn|in|inbound|incoming|entrantes?|entrada|eingehend)([-_.0-9]|$)'
    )
    and (starts_with(context, 'from-') or not is_outward_context(context));
create or replace macro is_inside_context(context) as
    regexp_matches(context, 'internal|^default$|(^|[-_.])(local|phones?|users?|office|extensions?)([-_.0-9]|$)')
        and context <> 'ext-local'
    or is_outward_context(context);

-- The period that is `months` after another, by their labels.
create or replace macro period_after(label, months) as
    strftime(try_cast(label::varchar || '-01' as date) + to_months(months), '%Y-%m');

-- The shard of an account: two digits or more, from 00. layout.shard_of is its twin.
create or replace macro shard_of(account_id, shards) as
    lpad((('0x' || left(md5(account_id), 8))::bigint % shards)::varchar, 2, '0');

-- A called number as its customer sees it: without the last three digits where they are to be hidden.
create or replace macro shown(to_number, direction, hidden) as
    case
        when hidden and direction <> 'inbound' and length(to_number) > 6
        then left(to_number, length(to_number) - 3) || 'xxx'
        else to_number
    end;

-- Text that a spreadsheet takes for no formula.
create or replace macro spreadsheet_text(cell) as
    if(regexp_matches(cell, '^[=+\-@\t\r|%]'), '''' || cell, cell);

-- Where an API's answer has its list of call records, as a JSON path; null where it has none.
create or replace macro records_path(document) as
    list_filter(
        ['$.calls', '$.cdr', '$.cdrs', '$.objects', '$.items', '$.records', '$.results', '$.data.fetchAllCdrs.cdrs', '$._embedded.calls', '$.data'],
        lambda path: json_type(document, path) = 'ARRAY'
    )[1];

create or replace macro contains_records(document) as records_path(document) is not null;

-- Digits that are E.164 already, though written without their plus; anything else stays as it is.
create or replace macro as_e164(written) as
    if(regexp_full_match(written, '[1-9][0-9]{6,14}'), '+' || written, written);

-- Whether a local wall time is in the hour that daylight saving repeats; see `instant`.
create or replace macro is_repeated(zone, wall) as
    coalesce(
        timezone(zone, timezone(zone, wall) - interval 60 minute) = wall
        or timezone(zone, timezone(zone, wall) - interval 30 minute) = wall,
        false
    );

-- An instant of a local wall time, or its other one in the hour that daylight saving repeats where that is nearer to a
-- time in Unix seconds; it is looked for only where the first is well before that time.
create or replace macro nearer_instant(first_instant, zone, wall, near_epoch) as
    if(
        near_epoch - epoch(first_instant) > 900
            and abs(near_epoch - epoch(timezone('UTC', timezone(zone, wall)))) < near_epoch - epoch(first_instant),
        timezone('UTC', timezone(zone, wall)),
        first_instant
    );

-- Whether a line of a file is no call: its header once more, or what `not_calls`, a regular expression, describes.
create or replace macro no_call(written, header, not_calls) as
    coalesce(header <> '' and written = header, false) or coalesce(regexp_matches(written, not_calls), false);

-- Whether a disposition says that nobody answered, in the languages of headers; null where there is none. What is no such
-- word means answered: then the duration decides.
create or replace macro is_unanswered(disposition) as
    regexp_full_match(
        nullif(lower(disposition), ''),
        'no[ _-]?answer|busy|user[ _]busy|failed|fail|failure|cancel|cancell?ed|originator[ _]cancel|missed|unanswered|'
        || 'not[ _-]answered|congestion|rejected|call[ _]rejected|declined|abandoned|unallocated[ _]number|'
        || 'nicht angenommen|unbeantwortet|nicht beantwortet|keine antwort|verpasst|besetzt|abgebrochen|abgelehnt|'
        || 'fehlgeschlagen|nicht erreicht|sans réponse|non répondu|pas de réponse|manqué|occupé|échec|échoué|annulé|'
        || 'no contestad[ao]|sin respuesta|no atendid[ao]|ocupado|fallid[ao]|cancelad[ao]|perdid[ao]|rechazad[ao]|'
        || 'non risposto|non risposta|senza risposta|occupato|fallit[ao]|annullat[ao]|pers[ao]|rifiutat[ao]|'
        || 'n[ãa]o atendid[ao]|sem resposta|recusad[ao]'
    );

-- Whether a CDR's disposition, in words or as its number, is that of a call that was answered; null for words that are
-- not known. Reports colour theirs: <font color=red>NO ANSWER</font>.
create or replace macro is_answered(disposition) as
    case
        when upper(disposition) in ('ANSWERED', '8') then true
        when coalesce(disposition, '') in ('', '0', '1', '2', '4', '16') or upper(disposition) = 'UNKNOWN' then false
        when contains(disposition, '<')
        then if(is_unanswered(regexp_replace(disposition, '<[^>]*>', '', 'g')), false, null)
        when is_unanswered(disposition) then false
    end;

-- Which way a call goes, by the word that a column of directions has; null where it is none of them.
create or replace macro direction_of(word) as
    case
        when regexp_full_match(
            lower(word),
            'o|out|outbound|outgoing|outbound-api|outbound-dial|placed|made|dialed|dialled|ausgehend|abgehend|sortante?|'
            || 'émis|saliente|salida|uscente|in uscita|uscita|saída|saida'
        )
        then 'outbound'
        when regexp_full_match(
            lower(word),
            'i|in|inbound|incoming|received|missed|eingehend|ankommend|verpasst|entrante?|reçu|entrada|recibid[ao]|'
            || 'in entrata|in arrivo|entrata|ricevut[ao]|recebid[ao]'
        )
        then 'inbound'
        when regexp_full_match(lower(word), 'internal|local|interne?|intern[ao]') then 'internal'
    end;

-- As direction_of, for a column that may tell kinds of calls instead: there "local" is next to "national", and costs money.
create or replace macro direction_of_type(word) as
    if(lower(word) = 'local', null, direction_of(word));

-- The number of a month by the first three letters of its English name; '' where it is none.
create or replace macro month_number(name) as
    coalesce(
        nullif(
            list_position(['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], lower(name)),
            0
        )::varchar,
        ''
    );

-- A date at the beginning of a text as YYYY-MM-DD: 24.11.2026, 11/24/26, 2026/11/24, 20261124, 24-Nov-2026, Nov 24, 2026. Where
-- the day may be the first or the second number, day_first decides; where that is null the text stays as it is.
create or replace macro iso_date(written, day_first) as
    case
        when substr(written, 5, 1) = '-' then written
        when regexp_matches(written, '^[0-9]{4}[./][0-9]{1,2}[./][0-9]{1,2}([^0-9]|$)')
        then regexp_replace(written, '^([0-9]{4})[./]([0-9]{1,2})[./]([0-9]{1,2})', '\1-\2-\3')
        when regexp_full_match(written, '20[0-9]{12}')
        then regexp_replace(written, '^(....)(..)(..)(..)(..)(..)$', '\1-\2-\3 \4:\5:\6')
        when regexp_matches(written, '^20[0-9]{6}[T ][0-9]')
        then regexp_replace(written, '^(....)(..)(..)[T ]', '\1-\2-\3 ')
        when regexp_matches(written, '^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4}|[0-9]{2})([^0-9]|$)') and day_first is not null
        then regexp_replace(
            regexp_replace(written, '^([0-9]{1,2}[./-][0-9]{1,2})[./-]([0-9]{2})([^0-9]|$)', '\1-20\2\3'),
            '^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})',
            if(day_first, '\3-\2-\1', '\3-\1-\2')
        )
        when regexp_matches(lower(written), '^([a-z]{3,9}\.?,? )?[0-9]{1,2}[ -][a-z]{3,9}\.?[ -][0-9]{4}')
        then regexp_replace(
            written,
            '^(?:[A-Za-z]{3,9}\.?,? )?([0-9]{1,2})[ -][A-Za-z]{3,9}\.?[ -]([0-9]{4})',
            '\2-'
            || month_number(regexp_extract(written, '^(?:[A-Za-z]{3,9}\.?,? )?[0-9]{1,2}[ -]([A-Za-z]{3})', 1))
            || '-\1'
        )
        when regexp_matches(lower(written), '^[a-z]{3,9}\.? [0-9]{1,2},? [0-9]{4}')
        then regexp_replace(
            written,
            '^[A-Za-z]{3,9}\.? ([0-9]{1,2}),? ([0-9]{4})',
            '\2-' || month_number(left(written, 3)) || '-\1'
        )
        else written
    end;

-- A text with its time of day of 24 hours, 1:05 PM as 13:05.
create or replace macro clock24(written) as
    if(
        regexp_matches(lower(written), '[0-9][ \x{00A0}\x{202F}]?[ap]\.?m\.?$'),
        regexp_extract(written, '^(.*?)[0-9]{1,2}:[0-9]{2}', 1)
        || (
            try_cast(regexp_extract(written, '([0-9]{1,2}):[0-9]{2}', 1) as integer) % 12
            + if(regexp_matches(lower(written), 'p\.?m\.?$'), 12, 0)
        )::varchar
        || regexp_extract(written, '(:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]+)?)', 1),
        written
    );

-- Seconds of 1h 2m 3s, 5 min, 45 sec; null where it is nothing of the kind.
create or replace macro spelled_seconds(written) as
    case
        when regexp_full_match(
            written,
            '([0-9]{1,4} ?(h|hrs?|hours?|std)\.?,? ?)?([0-9]{1,6} ?(m|mins?|minutes?|minuten)\.?,? ?)?'
            || '([0-9]{1,7} ?(s|secs?|seconds?|sek|sekunden)\.?)?'
        )
        then coalesce(try_cast(regexp_extract(written, '([0-9]+) ?(?:h|std)', 1) as bigint), 0) * 3600
            + coalesce(try_cast(regexp_extract(written, '([0-9]+) ?m', 1) as bigint), 0) * 60
            + coalesce(try_cast(regexp_extract(written, '([0-9]+) ?s(?:$|[^t])', 1) as bigint), 0)
    end;

-- A time as people and spreadsheets write it, as ISO 8601: 24.11.2026 9:05, 11/24/2026 1:05:00 PM, 20261124130500. day_first as
-- iso_date has it. What is not understood stays as it is.
create or replace macro iso_time(written, day_first) as
    clock24(regexp_replace(iso_date(written, day_first), '^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:,| -| at| um)? +', '\1 '));

-- A duration as text of seconds: a number in a unit of `factor` seconds, or 1h 2m 3s; anything else stays as it is.
create or replace macro seconds_text(written, factor) as
    case
        when regexp_full_match(written, '[0-9]{1,12}(\.[0-9]*)?|\.[0-9]+')
        then if(factor = '1', written, (try_cast(written as decimal(28, 9)) * factor::decimal(10, 4))::varchar)
        when regexp_matches(written, '[0-9] ?[A-Za-z]') then coalesce(spelled_seconds(lower(written))::varchar, written)
        else written
    end;

-- The character that a numeric entity of XML stands for, by its code: 65 or x41; nothing where there is none.
create or replace macro xml_character(code) as
    coalesce(nullif(try(chr(if(starts_with(code, 'x'), '0' || code, code)::integer)), chr(0)), '');

-- A text as it stands between the quotes of a JSON string.
create or replace macro json_escaped(written) as substr(to_json(written)::varchar, 2, length(to_json(written)::varchar) - 2);

-- What XML wrote, now in JSON, with its entities resolved: the five predefined ones and the numeric ones, once each.
create or replace macro without_entities(written) as
    case
        when not contains(written, '&') then written
        else replace(replace(replace(replace(replace(
            list_reduce(
                list_distinct(regexp_extract_all(written, '&#(x[0-9a-fA-F]{1,6}|[0-9]{1,7});', 1)),
                lambda text, code: replace(text, '&#' || code || ';', json_escaped(xml_character(code))),
                written
            ),
            '&lt;', '<'), '&gt;', '>'), '&quot;', '\"'), '&apos;', ''''), '&amp;', '&')
    end;

-- The elements of an XML text that hold text alone, as members of a JSON object, without its braces.
create or replace macro xml_members(written) as
    without_entities(regexp_replace(
        array_to_string(regexp_extract_all(json_escaped(written), '<[^<>/][^<>]*>[^<]*</'), ','),
        '<([^<>/][^<>]*)>([^<]*)</',
        '"\1":"\2"',
        'g'
    ));

-- A value as FreeSWITCH and its databases write it: URL-encoded in documents; null where it has none. (Comparing with a list
-- of texts would cost more to plan, some forty times over, than a small file takes to read.)
create or replace macro leg_text(cell) as
    case
        when length(cell) < 8 and regexp_full_match(cell, '(_undef_|NULL|\\N)?') then null
        when contains(cell, '%') then coalesce(try(url_decode(cell)), cell)
        else cell
    end;

-- Whether a number is one of a telephone network, and not an extension, a code or a name.
create or replace macro is_number(written) as
    coalesce(regexp_full_match(written, '\+?[0-9]{7,15}') and regexp_matches(written, '[1-9]'), false);

-- Whether a number is an extension: short, and none that public networks have the like of.
create or replace macro is_extension(written) as
    coalesce(
        regexp_full_match(written, '[0-9]{2,5}')
        and not regexp_full_match(written, '000|112|911|999|[2-8]11|11[68][0-9]{2,3}'),
        false
    );

-- A number without what is dialled before it to choose a carrier.
create or replace macro without_prefix(written, prefix) as
    if(prefix <> '' and starts_with(written, prefix), substr(written, length(prefix) + 1), written);

-- A number without the code that hides the caller's: *67, *31*, #31#.
create or replace macro without_privacy(written) as
    if(written[1] in ('*', '#'), regexp_replace(written, '^([*]67|[*]31[*]|#31#)([+]?[0-9]{7,15})$', '\2'), written);

-- A line of quoted cells with a number that stands bare between two of them in quotes, too. Twice, it finds two in a row.
create or replace macro quoted_numbers(written, delimiter) as
    regexp_replace(
        written,
        concat('" *', regexp_escape(delimiter), ' *(-?[0-9.]+|NULL|) *', regexp_escape(delimiter)),
        concat('"', delimiter, '"\1"', delimiter),
        'g'
    );
