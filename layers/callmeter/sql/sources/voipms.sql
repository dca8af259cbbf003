-- voipms.sql: VoIP.ms' call detail records -> raw_calls. In: named_fields. Grain: one row per line.
-- The description says "Inbound DID" of an inbound call, names what was called in the network itself, and else the place
-- that an outbound call went to. A pull asks for outgoing and incoming calls apart, and says so beside them. Messages and
-- faxes are no calls.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(id) as id,
        cell_text(began) as began,
        cell_text(caller) as caller,
        cell_text(called) as called,
        lower(cell_text(description)) as description,
        cell_text(account) as account,
        upper(cell_text(state)) as state,
        coalesce(cell_text(seconds), cell_text(duration)) as seconds,
        lower(cell_text(asked)) as asked,
    from named_fields
),

directed as (
    select
        *,
        case
            when asked = 'inbound' or regexp_matches(description, '^in(bound|coming)') then 'inbound'
            when regexp_full_match(
                description,
                '(voice ?mail|echo test|internal|ivr|digital receptionist|conference|(calling )?queue|disa)( .*)?'
            )
            then 'internal'
            when asked = 'outbound' or description is not null then 'outbound'
        end as direction,
    from named
)

select
    line,
    irregular,
    malformed,
    id as id_text,
    null::varchar as id_parts,
    caller as from_text,
    called as to_text,
    coalesce(
        try_strptime(
            began, ['%m/%d/%Y %H:%M:%S', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M', '%Y/%m/%d %H:%M:%S']
        )::varchar,
        began
    ) as start_text,
    seconds as duration_text,
    not coalesce(regexp_full_match(state, 'NO ?ANSWER|BUSY|FAILED|CANCEL|CONGESTION'), false) as answered,
    direction,
    if(direction = 'inbound', null, account) as login,
    if(direction = 'inbound', account, null) as called_login,
    null::varchar as code,
    'voipms' as carrier,
    null::bigint as near_epoch,
    if(regexp_matches(description, '\b(sms|mms|fax)\b'), 'no-call', null) as role,
from directed
