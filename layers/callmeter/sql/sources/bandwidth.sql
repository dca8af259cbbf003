-- bandwidth.sql: Bandwidth's billing detail records, calls and disconnect events -> raw_calls. In: named_fields. Grain:
-- one row per line. Types of a BDR: ORIGINATION is inbound; INTERSTATE, INTERNATIONAL and the like are outbound; TOLL-FREE is
-- either, by whose number it has. Messages are no calls, nor are events before the end and calls that go on.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(leg) as leg,
        cell_text(caller) as caller,
        cell_text(called) as called,
        cell_text(began) as began,
        cell_text(answered_at) as answered_at,
        cell_text(ended) as ended,
        cell_text(rounded) as rounded,
        upper(cell_text(kind)) as kind,
        lower(cell_text(direction)) as written_direction,
        cell_text(event) as event,
        lower(cell_text(state)) as state,
    from named_fields
),

timed as (
    select
        *,
        try_strptime(
            began,
            ['%Y/%m/%d %I:%M:%S %p', '%Y/%m/%d %H:%M:%S', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M']
        ) as began_at,
        try_strptime(
            ended,
            ['%Y/%m/%d %I:%M:%S %p', '%Y/%m/%d %H:%M:%S', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M']
        ) as ended_at,
        epoch_us(try_cast(ended as timestamptz)) - epoch_us(try_cast(answered_at as timestamptz)) as talked_us,
    from named
),

lasting as (
    select
        *,
        epoch(ended_at - began_at)::bigint as between_seconds,
        try_cast(rounded as integer) as rounded_seconds,
    from timed
)

select
    line,
    irregular,
    malformed,
    leg as id_text,
    null::varchar as id_parts,
    caller as from_text,
    called as to_text,
    coalesce(began_at::varchar, began) as start_text,
    case
        when rounded is not null
        then if(between_seconds between rounded_seconds - 5 and rounded_seconds, between_seconds::varchar, rounded)
        when answered_at is null and ended is not null then '0'
        else ((talked_us + 999999) // 1000000)::varchar
    end as duration_text,
    null::boolean as answered,
    case
        when written_direction = 'inbound' then 'inbound'
        when regexp_matches(lower(called), '^sips?:') then 'internal'
        when written_direction = 'outbound' or event = 'transferDisconnect' then 'outbound'
        when regexp_matches(kind, 'ORIGINATION|INBOUND') then 'inbound'
        when regexp_matches(kind, 'TOLL-?FREE') and not contains(kind, 'OUTBOUND') then null
        when kind is not null then 'outbound'
    end as direction,
    null::varchar as login,
    null::varchar as called_login,
    null::varchar as code,
    'bandwidth' as carrier,
    null::bigint as near_epoch,
    case
        when event not in ('disconnect', 'transferDisconnect')
            or ended is null and state is not null and state not in ('disconnected', 'completed')
            or regexp_matches(kind, 'SMS|MMS|MESSAG|FAX')
        then 'no-call'
    end as role,
from lasting
