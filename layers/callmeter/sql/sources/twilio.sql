-- twilio.sql: calls of Twilio and SignalWire -> raw_calls. In: named_fields; variable carrier. Grain: one row per line.
-- A callback says when the call ended: its start is that less its seconds. <Dial> makes legs of their own: what a SIP
-- phone or an app dials is `inbound` from sip: or client: and is carried on by an outbound leg, which is the one to be
-- paid; a leg to a SIP phone or an app with a parent repeats the call that rang it. Calls that go on are no rows yet.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(sid) as sid,
        cell_text(parent) as parent,
        cell_text(caller) as caller,
        cell_text(called) as called,
        replace(lower(cell_text(state)), ' ', '-') as state,
        lower(cell_text(direction)) as written_direction,
        -- 09:23:12 EDT 2026-08-10, as the console writes it, has its date first
        regexp_replace(
            cell_text(began), '^([0-9:]{5,8} [A-Za-z]{3,4}) ([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\2 \1'
        ) as began,
        cell_text(seconds) as seconds,
        cell_text(ended) as ended,
    from named_fields
),

timed as (
    select
        *,
        try_strptime(
            regexp_replace(began, ' (GMT|UTC)$', ' +0000'),
            ['%a, %d %b %Y %H:%M:%S %z', '%b %d %Y %H:%M:%S GMT%z']  -- the second: twilio-cli
        ) as began_2822,
        coalesce(
            try_strptime(regexp_replace(ended, ' (GMT|UTC)$', ' +0000'), '%a, %d %b %Y %H:%M:%S %z'),
            try_cast(ended as timestamptz)
        ) as ended_at,
        map {
            'EST': '-0500', 'EDT': '-0400', 'CST': '-0600', 'CDT': '-0500', 'MST': '-0700', 'MDT': '-0600',
            'PST': '-0800', 'PDT': '-0700', 'BST': '+0100', 'CET': '+0100', 'CEST': '+0200'
        }[regexp_extract(began, ' ([A-Z]{3,4})$', 1)] as console_zone,
        coalesce(regexp_full_match(state, 'busy|failed|no-answer|cancell?ed'), false) as never_answered,
    from named
)

select
    line,
    irregular,
    malformed,
    sid as id_text,
    null::varchar as id_parts,
    caller as from_text,
    called as to_text,
    case
        when began_2822 is not null then timezone('UTC', began_2822)::varchar || 'Z'
        when console_zone is not null then regexp_replace(began, '[A-Z]+$', console_zone)
        when began is not null then began
        else timezone('UTC', ended_at - to_seconds(coalesce(try_cast(seconds as integer), 0)))::varchar || 'Z'
    end as start_text,
    if(seconds is null and never_answered, '0', seconds) as duration_text,
    not never_answered as answered,
    case
        when regexp_matches(written_direction, '^(inbound|incoming)')
        then if(regexp_matches(lower(caller), '^(sip|client):'), 'internal', 'inbound')
        when regexp_matches(written_direction, 'originating') then 'inbound'
        when regexp_matches(written_direction, '^(outbound|outgoing)')
        then if(regexp_matches(lower(called), '^(sip|client):'), 'internal', 'outbound')
        when regexp_matches(written_direction, 'terminating') then 'outbound'
    end as direction,
    nullif(regexp_extract(lower(caller), '^(?:sips?|client):([^@;]+)', 1), '') as login,
    nullif(regexp_extract(lower(called), '^(?:sips?|client):([^@;]+)', 1), '') as called_login,
    null::varchar as code,
    getvariable('carrier') as carrier,
    null::bigint as near_epoch,
    case
        when regexp_full_match(state, 'queued|initiated|ringing|in-progress|answered') then 'no-call'
        when parent is not null and regexp_matches(lower(called), '^(sip|client):') then 'other-leg'
    end as role,
from timed
