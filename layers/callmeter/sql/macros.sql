-- macros.sql: scalar building blocks that several stages share. Installed once per connection.

create or replace type direction as enum ('outbound', 'inbound', 'internal');

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

-- The name in an Asterisk channel: alice of PJSIP/alice-00000012, 101 of Local/101@from-internal-00000003;2.
create or replace macro endpoint(channel) as
    nullif(split_part(regexp_extract(channel, '^[A-Za-z0-9]+/(.+?)(-[0-9a-f]{6,}(;[12])?)?$', 1), '@', 1), '');

-- Which way an Asterisk row goes. Answered without a second channel, or by the extension that was dialled: the call
-- never left the PBX.
create or replace macro asterisk_direction(context, did, dialled, second_channel, disposition) as
    case
        when did is not null or regexp_matches(context, '^(from-(trunk|pstn|did|dahdi|zaptel)|ext-did)') then 'inbound'
        when second_channel is null and upper(disposition) = 'ANSWERED' then 'internal'
        when endpoint(second_channel) = dialled then 'internal'
        else 'outbound'
    end;

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
        ['$.calls', '$.cdr', '$.cdrs', '$.objects', '$.items', '$.records', '$.results', '$.data.fetchAllCdrs.cdrs', '$.data'],
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

-- As `instant`; of the two instants in the hour that daylight saving repeats, the one nearer to a time in Unix seconds.
create or replace macro instant_near(zone, wall, near_epoch) as
    case
        when near_epoch is not null
            and is_repeated(zone, wall)
            and abs(near_epoch - epoch(timezone('UTC', timezone(zone, wall))))
                < abs(near_epoch - epoch(instant(zone, wall)))
        then timezone('UTC', timezone(zone, wall))
        else instant(zone, wall)
    end;

-- Whether a line of a file is no call: its header once more, or what `not_calls`, a regular expression, describes.
create or replace macro no_call(written, header, not_calls) as
    coalesce(header <> '' and written = header, false) or coalesce(regexp_matches(written, not_calls), false);
