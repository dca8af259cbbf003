-- asterisk.sql: CDRs of Asterisk and what is built on it, however they were written -> raw_calls. In: named_fields, the columns by
-- their CDR names; variables fewest and most (cells of a line without a header, else 0), day_first. Grain: one row per line.
-- tail_1 to tail_5 are what follows the 16 columns of Master.csv: uniqueid, userfield, then peeraccount, linkedid and sequence
-- together, each part by its own switch; a table's dump has them in another order. One channel can leave several rows, so a
-- uniqueid alone is no identity.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        case
            when malformed is not null then malformed
            when getvariable('fewest') > 0 and last_needed is null
            then format('the line has fewer than {} fields', getvariable('fewest'))
            when beyond <> '' then format('the line has more than {} fields', getvariable('most'))
        end as malformed,
        table_text(accountcode) as accountcode,
        table_text(src) as src,
        table_text(dst) as dst,
        lower(coalesce(dcontext, '')) as context,
        table_text(clid) as clid,
        table_text(channel) as channel,
        table_text(dstchannel) as dstchannel,
        lower(coalesce(lastapp, '')) as lastapp,
        coalesce(lastdata, '') as lastdata,
        table_text(start) as start,
        table_text(duration) as duration,
        table_text(billsec) as billsec,
        is_answered(disposition) as answered,
        case
            when uniqueid is not null then table_text(uniqueid)
            when tail_3 is null then coalesce(asterisk_id(tail_1), asterisk_id(tail_2))
            when tail_4 is null then null
            when tail_5 is null then asterisk_id(tail_1)
            else coalesce(asterisk_id(tail_1), asterisk_id(tail_2))
        end as uniqueid,
        case
            when linkedid is not null then asterisk_id(linkedid)
            when tail_3 is null then null
            when tail_4 is null then asterisk_id(tail_2)
            when tail_5 is null then asterisk_id(tail_3)
            else coalesce(asterisk_id(tail_4), asterisk_id(tail_3))
        end as linkedid,
        table_text(coalesce(sequence, tail_5, tail_4, tail_3)) as sequence,
        if(regexp_full_match(did, '\+?[0-9]{3,15}'), did, null) as did,
        table_text(cnum) as cnum,
        if(regexp_matches(outbound_cnum, '[0-9]'), outbound_cnum, null) as outbound_cnum,
        if(regexp_full_match("timestamp", '[0-9]{9,11}'), "timestamp", null) as epoch,
        table_text(carrier) as carrier,
    from named_fields
),

-- The name of either channel, and the number that was dialled through the called one: 0207… of PJSIP/0207…@acme and of
-- SIP/acme/0207…; none of PJSIP/102/sip:102@…, which is a phone.
channels as (
    select
        *,
        endpoint(channel) as caller,
        endpoint(dstchannel) as called,
        nullif(
            case
                when dstchannel is null then ''
                when contains(lastdata, '@' || endpoint(dstchannel))
                then regexp_extract(split_part(lastdata, '@' || endpoint(dstchannel), 1), '[+0-9]+$')
                when contains(lastdata, '/' || endpoint(dstchannel) || '/')
                then regexp_extract(split_part(lastdata, '/' || endpoint(dstchannel) || '/', 2), '^[+0-9]+')
            end,
            ''
        ) as sent,
    from named
),

-- What the called channel is. Who dials a phone names it alone; behind a trunk there is a number.
placed as (
    select
        *,
        is_full_number(dst) as is_number,
        coalesce(did, if(is_full_number(dst), dst, null)) as called_from_outside,
        case
            when dstchannel is null or starts_with(lastapp, 'voicemail') then 'none'
            when starts_with(dstchannel, 'Local/') then 'local'
            when sent is not null then 'trunk'
            when called = dst or lastapp = 'queue' then 'phone'
            when is_line_port(dstchannel) then 'trunk'
            when is_phone_name(called)
                or contains(lastdata || ',', '/' || called || ',')
                or contains(lastdata, '/' || called || '&')
                or contains(lastdata, '/' || called || '|')
                or contains(lastdata, '/' || called || '/sip:')
            then 'phone'
            else 'unknown'
        end as called_is,
    from channels
),

-- Whether the calling channel is a trunk: a DID, the context, a line that is registered by its own number; or somebody who is
-- no extension, and came to a phone or to the PBX itself. An extension that sends its own number is none, whatever it dials.
incoming as (
    select
        *,
        coalesce(
            did is not null
            or is_trunk_context(context)
            or (
                not is_inside_context(context)
                and not starts_with(channel, 'Local/')
                and caller <> coalesce(src, 'anonymous')
                and (
                    caller = dst
                    or called_is in ('none', 'phone', 'local')
                    and (is_line_port(channel) or not is_phone_name(caller))
                    and not is_phone_name(coalesce(src, 'anonymous'))
                    and not regexp_matches(coalesce(dst, ''), '^[*#]')
                )
            ),
            false
        )
        and not coalesce(caller = src and is_phone_name(caller), false) as is_incoming,
    from placed
),

directed as (
    select
        *,
        is_incoming
            and called_is = 'trunk'
            and is_full_number(sent)
            and called_from_outside is not null
            and right(sent, 7) <> right(called_from_outside, 7) as is_forwarded,
    from incoming
),

decided as (
    select
        *,
        case
            when is_forwarded then 'outbound'  -- paid by the number that was called, and sends its callers on
            when is_incoming then 'inbound'
            when called_is = 'local' then 'internal'  -- where that leads is a row of its own
            when called_is = 'none' then if(coalesce(answered, true) or not is_number, 'internal', 'outbound')
            when called_is = 'phone' then if(is_number, null, 'internal')
            when not is_number and not is_full_number(sent) and not is_dialled(dst) then 'internal'
            else 'outbound'
        end as direction,
    from directed
)

select
    line,
    irregular,
    malformed,
    uniqueid || '-' || linkedid || '-' || sequence as id_text,
    concat_ws('|', uniqueid, start, src, dst, channel, dstchannel, duration, billsec) as id_parts,
    case
        when is_forwarded then called_from_outside
        when is_incoming then coalesce(src, cnum)
        else coalesce(outbound_cnum, src, cnum, regexp_extract(clid, '<([^>]+)>', 1))
    end as from_text,
    case
        when is_forwarded then sent
        when is_incoming then coalesce(did, if(is_dialled(dst), dst, null), called, dst)
        when not is_dialled(dst) and is_full_number(sent) then sent
        else dst
    end as to_text,
    coalesce(epoch, if(substr(start, 5, 1) = '-', start, iso_time(start, getvariable('day_first')))) as start_text,
    case
        when billsec is null then if(answered, null, '0')
        when contains(billsec, 's') then seconds_text(regexp_replace(billsec, ' *[(].*$', ''), '1')  -- 75s (1m 15s), of reports
        else billsec
    end as duration_text,
    answered,
    direction,
    caller as login,
    called as called_login,
    accountcode as code,
    coalesce(carrier, case direction when 'inbound' then caller when 'internal' then null else called end) as carrier,
    try_cast(regexp_extract(uniqueid, '([0-9]{9,11})\.[0-9]+$', 1) as bigint) as near_epoch,
    null::varchar as role,
from decided
