-- freeswitch.sql: legs of FreeSWITCH and FusionPBX, of tables, templates and documents -> raw_calls. In: named_fields; variables
-- has_answer (an empty answer time says that nobody answered), tenants (a domain is a customer). Grain: one row per leg.
-- `direction` of a channel is seen from the switch, and says nothing of the call: call_direction is FusionPBX' own, else
-- where the leg came from and was sent to says it. Billed are A legs; the B leg of an A leg reports the same call.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        lower(leg_text(uuid)) as uuid,
        lower(leg_text(peer)) as peer,
        leg_text(originator) as originator,
        lower(leg_text(leg)) as leg,
        lower(leg_text(channel_direction)) as channel_direction,
        lower(leg_text(call_direction)) as call_direction,
        leg_text(caller_id_number) as caller_id_number,
        leg_text(other_number) as other_number,
        without_privacy(without_prefix(leg_text(destination_number), leg_text(provider_prefix))) as destination_number,
        leg_text(caller_destination) as caller_destination,
        leg_text(first_destination) as first_destination,
        leg_text(called_user) as called_user,
        without_prefix(leg_text(dialled_number), leg_text(provider_prefix)) as dialled_number,
        lower(leg_text(context)) as context,
        nullif(leg_text(start_epoch), '0') as start_epoch,
        leg_text(start_stamp) as start_stamp,
        leg_text(end_stamp) as end_stamp,
        leg_text(answer_epoch) as answer_epoch,
        leg_text(answer_stamp) as answer_stamp,
        leg_text(duration) as duration,
        leg_text(billsec) as billsec,
        leg_text(billmsec) as billmsec,
        leg_text(billusec) as billusec,
        leg_text(accountcode) as accountcode,
        leg_text(domain_name) as domain_name,
        leg_text("user") as user_name,
        leg_text(channel) as channel,
        leg_text(bridge_channel) as bridge_channel,
        coalesce(leg_text(bridged), leg_text(peer)) as bridged,
        lower(leg_text(last_app)) as last_app,
        leg_text(last_arg) as last_arg,
        coalesce(leg_text(gateway), regexp_extract(leg_text(last_arg), 'sofia/gateway/([^/|,]+)/', 1)) as gateway,
        regexp_extract(leg_text(last_arg), 'sofia/(?:gateway/[^/|,]+|external)/([+]?[0-9]{7,15})\b', 1) as trunk_number,
        leg_text(inbound_gateway) as inbound_gateway,
        lower(leg_text(cc_side)) as cc_side,
    from named_fields
),

judged as (
    select
        *,
        case
            when regexp_full_match(answer_epoch, '[0-9]+') then answer_epoch <> '0'
            when answer_stamp is not null then answer_stamp >= '2000'
            when getvariable('has_answer') then false
        end as answered,
        -- A leg that the switch itself called by a trunk (a fax, click to call), or that is connected to one.
        coalesce(
            nullif(gateway, '') is not null
            or regexp_matches(last_arg, 'sofia/external/')
            or regexp_matches(bridge_channel, '^sofia/external')
            or (channel_direction = 'outbound' and regexp_matches(channel, '^sofia/external')),
            false
        ) as to_trunk,
        coalesce(
            coalesce(channel_direction, '') <> 'outbound'
            and user_name is null
            and (
                inbound_gateway is not null
                or regexp_full_match(context, 'public|inbound|from-(trunk|pstn|did|outside).*')
                or regexp_matches(channel, '^sofia/external')
            ),
            false
        ) as from_trunk,
        is_extension(caller_id_number) as from_extension,
        is_extension(destination_number) as to_extension,
        -- A code of the switch itself, a name, or an application that nobody else was connected by.
        coalesce(
            regexp_matches(destination_number, '^[*#]|[A-Za-z]')
            or (bridged is null and last_app in (
                'voicemail', 'echo', 'delay_echo', 'conference', 'ivr', 'valet_park', 'park', 'fifo', 'callcenter',
                'playback', 'endless_playback', 'play_and_get_digits', 'read', 'say', 'phrase', 'speak', 'sleep',
                'record', 'directory', 'gentones', 'httapi', 'rxfax'
            )),
            false
        ) as stays_here,
    from named
),

directed as (
    select
        *,
        case
            when call_direction = 'inbound' or cc_side = 'agent' then 'inbound'
            when stays_here and not to_trunk then if(from_trunk, 'inbound', 'internal')
            when call_direction in ('local', 'internal') then 'internal'
            when call_direction = 'outbound' then 'outbound'
            when from_trunk and not to_trunk then 'inbound'
            when from_trunk then null
            when to_trunk then 'outbound'
            when from_extension and to_extension then 'internal'
            when to_extension and is_number(caller_id_number) and accountcode is null then 'inbound'
        end as direction,
    from judged
),

-- Of two legs in one file that name each other, the A leg is the one that came in, or began first; a B leg may be named by
-- its A leg alone.
named_legs as (
    select
        uuid,
        peer,
        (
            coalesce(channel_direction = 'outbound', false),
            coalesce(start_stamp, answer_stamp, end_stamp, ''),
            -coalesce(try_cast(duration as bigint), 0),
            uuid
        ) as place,
    from directed
    where uuid in (select peer from directed)
),

b_legs as (
    select distinct b.uuid
    from named_legs as b
    inner join directed as a on a.peer = b.uuid and a.uuid <> b.uuid
    left join named_legs as mutual on mutual.uuid = a.uuid and mutual.uuid = b.peer
    where mutual.uuid is null or mutual.place < b.place
),

numbered as (
    select
        *,
        case
            when direction = 'inbound'
            then coalesce(
                caller_destination,
                if(is_number(first_destination), first_destination, null),
                if(is_number(called_user), called_user, null),
                destination_number
            )
            when channel_direction = 'outbound' and is_number(first_destination) and not is_number(destination_number)
            then first_destination
            when direction = 'outbound' and not is_number(destination_number) and trunk_number <> '' then trunk_number
            when regexp_matches(destination_number, '[A-Za-z]') and is_number(dialled_number) then dialled_number
            else coalesce(destination_number, dialled_number)
        end as called_number,
        if(getvariable('tenants') or call_direction is not null, coalesce(domain_name, accountcode), null) as tenant,
    from directed
)

select
    line,
    irregular,
    malformed,
    uuid as id_text,
    null::varchar as id_parts,
    case
        when direction = 'inbound' or is_number(caller_id_number) then caller_id_number
        when is_number(other_number) then other_number
        else coalesce(caller_id_number, other_number)
    end as from_text,
    called_number as to_text,
    case
        when start_epoch is not null then start_epoch
        when start_stamp is not null then start_stamp
        when answered then answer_stamp
        else end_stamp
    end as start_text,
    case
        when regexp_matches(answer_stamp, '^(19[67]|0000)') then '0'  -- nobody answered, and billsec counts from 1970
        when regexp_full_match(billusec, '[0-9]{1,15}') then (billusec::bigint * 0.000001::decimal(7, 6))::varchar
        when regexp_full_match(billmsec, '[0-9]{1,12}') then (billmsec::bigint * 0.001::decimal(4, 3))::varchar
        else billsec
    end as duration_text,
    answered,
    direction,
    coalesce(tenant, user_name, if(from_extension, caller_id_number, null)) as login,
    case
        when tenant is not null then if(direction = 'inbound', tenant, null)
        when to_extension and not to_trunk then destination_number
    end as called_login,
    coalesce(accountcode, tenant) as code,
    if(direction = 'inbound', inbound_gateway, nullif(gateway, '')) as carrier,
    null::bigint as near_epoch,
    if(
        leg = 'b' or originator is not null or (cc_side = 'agent' and not to_trunk) or uuid in (select uuid from b_legs),
        'other-leg',
        null
    ) as role,
from numbered
