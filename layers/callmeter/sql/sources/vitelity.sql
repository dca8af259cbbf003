-- vitelity.sql: Vitelity's getcdr -> raw_calls. In: named_fields. Grain: one row per line.
-- An identity is made of start, numbers and seconds, which no later price changes, and of how many rows before this one
-- have the same. An answer of the API as it came begins with x[[, and ends with [[x behind the last cost, which nothing
-- reads.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        coalesce(
            malformed,
            if(len(cells) < 6, format('the line has {} fields, Vitelity writes 7 or 8', len(cells)), null)
        ) as malformed,
        regexp_replace(cell_text(began), '^x?\[\[', '') as began,
        cell_text(caller) as caller,
        cell_text(called) as called,
        cell_text(seconds) as seconds,
        upper(cell_text(state)) as state,
        cell_text(account) as account,
    from named_fields
),

timed as (
    select
        * exclude (began),
        coalesce(
            try_strptime(
                began,
                [
                    '%Y-%m-%d %H:%M:%S', '%m/%d/%Y %H:%M:%S', '%m-%d-%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m-%d-%Y %H:%M',
                    '%m/%d/%Y %I:%M:%S %p'
                ]
            )::varchar,
            began
        ) as began,
    from named
),

told_apart as (
    select *, concat_ws('|', began, caller, called, seconds) as parts
    from timed
)

select
    line,
    irregular,
    malformed,
    null::varchar as id_text,
    'vitelity|' || parts || '|' || row_number() over (partition by parts order by line) as id_parts,
    caller as from_text,
    called as to_text,
    began as start_text,
    seconds as duration_text,
    not coalesce(regexp_full_match(state, 'NO ?ANSWER|BUSY|FAILED|CONGESTION|CANCEL'), false) as answered,
    null::varchar as direction,
    -- Incoming calls go to numbers of the North American plan: of those, the sub account does not say who called.
    if(regexp_full_match(called, '1?[2-9][0-9]{9}'), null, account) as login,
    null::varchar as called_login,
    null::varchar as code,
    'vitelity' as carrier,
    null::bigint as near_epoch,
    null::varchar as role,
from told_apart
