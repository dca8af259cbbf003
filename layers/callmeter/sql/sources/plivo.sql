-- plivo.sql: Plivo's call objects, exports and hangup callbacks -> raw_calls. In: named_fields. Grain: one row per line.
-- Legs from a SIP endpoint are carried on by an outbound leg, which is the one to be paid; legs to one that have a parent
-- repeat the call that rang it.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(leg) as leg,
        cell_text(parent) as parent,
        cell_text(caller) as caller,
        cell_text(called) as called,
        cell_text(began) as began,
        try_cast(cell_text(came_at) as timestamptz) as came_at,
        cell_text(answered_at) as answered_at,
        cell_text(ended_at) as ended_at,
        cell_text(seconds) as seconds,
        cell_text(whole) as whole,
        lower(cell_text(state)) as state,
        lower(cell_text(direction)) as written_direction,
        cell_text(event) as event,
    from named_fields
),

timed as (
    select
        *,
        try_cast(whole as integer) as whole_seconds,
        coalesce(
            regexp_full_match(state, 'busy|failed|timeout|no-answer|cancell?(ed)?|rejected'), false
        ) as never_answered,
        epoch_us(try_cast(ended_at as timestamptz)) - epoch_us(try_cast(answered_at as timestamptz)) as talked_us,
    from named
)

select
    line,
    irregular,
    malformed,
    leg as id_text,
    null::varchar as id_parts,
    as_e164(caller) as from_text,
    as_e164(called) as to_text,
    case
        when came_at is not null and not coalesce(regexp_matches(began, ':[0-9.]+ *([+-][0-9:]+|Z|UTC|GMT)$'), false)
        then timezone('UTC', came_at - to_seconds(coalesce(whole_seconds, 0)))::varchar || 'Z'
        else began
    end as start_text,
    case
        -- more seconds than the call had are Plivo's billed minutes
        when seconds is not null and not coalesce(try_cast(seconds as integer) > whole_seconds, false) then seconds
        when talked_us is not null then ((talked_us + 999999) // 1000000)::varchar
        when seconds is not null then whole
        when never_answered or answered_at is null and whole_seconds = 0 then '0'
    end as duration_text,
    not never_answered as answered,
    case
        when written_direction = 'inbound' then if(regexp_matches(lower(caller), '^sips?:'), 'internal', 'inbound')
        when regexp_matches(written_direction, '^outbound')
        then if(regexp_matches(lower(called), '^sips?:'), 'internal', 'outbound')
    end as direction,
    nullif(regexp_extract(lower(caller), '^sips?:([^@;]+)', 1), '') as login,
    nullif(regexp_extract(lower(called), '^sips?:([^@;]+)', 1), '') as called_login,
    null::varchar as code,
    'plivo' as carrier,
    null::bigint as near_epoch,
    case
        when event not in ('Hangup', 'hangup') or regexp_full_match(state, 'ringing|in-progress|queued|early-media')
        then 'no-call'
        when parent is not null and regexp_matches(lower(called), '^sips?:') then 'other-leg'
    end as role,
from timed
