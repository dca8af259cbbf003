-- threecx.sql: 3CX's cdr.log -> raw_calls. In: named_fields with `cells`; variables fewest (cells that a record has at
-- least) and rest (the cell behind which the chain, the kinds of its ends and their names stand). Grain: one row per line.
-- Names are not quoted, and may have the delimiter in them: the kinds of the ends (Extension, Line, Queue, …) are the first
-- cells that are words for such, wherever they stand. Without kinds, numbers tell: those of the PBX's own are Ext.NNN.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        cells,
        -- A header once more, or a line of another kind: "Word 123,…".
        coalesce(
            regexp_matches(cells[1], '^[A-Za-z]+( [0-9]|[A-Za-z _-]*$)') and not regexp_matches(cells[1], '^call ', 'i'),
            false
        ) as is_other,
        case
            when malformed is not null or is_other then malformed
            when len(cells) < getvariable('fewest') then format('the line has {} fields only', len(cells))
        end as malformed,
        regexp_replace(cell_text(historyid), '^call +', '', 'i') as historyid,
        cell_text(callid) as callid,
        cell_text(regexp_replace(timestart, '^call +', '', 'i')) as started,
        cell_text(timeanswered) as answered_at,
        cell_text(timeend) as ended_at,
        cell_text(duration) as duration,
        lower(coalesce(reasonchanged, '')) as changed,
        cell_text(fromno) as from_no,
        cell_text(tono) as to_no,
        cell_text(fromdn) as from_dn,
        cell_text(todn) as to_dn,
        cell_text(dialno) as dialled,
        cell_text(finalnumber) as final_no,
        cell_text(finaldn) as final_dn,
        list_position(
            list_transform(
                cells,
                lambda cell, i: i > getvariable('rest') and end_kind(cell) is not null and end_kind(cells[i + 1]) is not null
            ),
            true
        ) as kinds_at,
        end_kind(fromtype) as from_kind,
        end_kind(totype) as to_kind,
        end_kind(finaltype) as final_kind,
    from named_fields
),

ends as (
    select
        *,
        coalesce(end_kind(cells[kinds_at]), from_kind, end_of(from_no)) as from_is,
        coalesce(end_kind(cells[kinds_at + 1]), to_kind, end_of(to_no)) as to_is,
        case
            when kinds_at is not null then end_kind(cells[kinds_at + 2])
            when from_kind is not null then final_kind
            else end_of(final_no)
        end as final_is,
        epoch(try_cast(ended_at as timestamp) - try_cast(answered_at as timestamp)) as talked,
        epoch(try_cast(duration as interval)) as stated,
    from named
),

-- A call that came in and was sent out again is an outbound one of whoever sent it on.
directed as (
    select
        *,
        coalesce(final_is = 'line' and changed not like '%src%', false) as ends_outside,
        case
            when from_is is null and to_is is null then null
            when from_is = 'line' and coalesce(final_is = 'line' and changed not like '%src%', false) then 'outbound'
            when from_is = 'line' then 'inbound'
            when 'line' in (to_is, final_is) then 'outbound'
            else 'internal'
        end as direction,
    from ends
)

select
    line,
    irregular,
    malformed,
    callid as id_text,
    concat_ws('|', historyid, started, from_no, to_no, dialled, final_no, ended_at) as id_parts,
    own_number(if(direction = 'outbound' and from_is = 'line', to_no, from_no)) as from_text,
    case
        when direction = 'outbound' and ends_outside and to_is <> 'line' then own_number(coalesce(final_no, dialled))
        when direction = 'outbound' and coalesce(to_no, '') not ilike 'ext.%' then coalesce(to_no, dialled, final_no)
        when direction = 'outbound' then coalesce(dialled, own_number(to_no))
        else own_number(coalesce(to_no, dialled, final_no))
    end as to_text,
    started as start_text,
    case
        when answered_at is null then '0'
        when talked >= 0 and not coalesce(abs(talked - stated) <= 2, false) then talked::bigint::varchar  -- it counts ringing
        else duration
    end as duration_text,
    answered_at is not null as answered,
    direction,
    case
        when from_is <> 'line' then coalesce(from_dn, own_number(from_no))
        when direction = 'outbound' then coalesce(to_dn, own_number(to_no))
    end as login,
    case
        when direction = 'outbound' then null
        when final_is = 'extension' then coalesce(final_dn, own_number(final_no))
        else coalesce(to_dn, own_number(to_no))
    end as called_login,
    null::varchar as code,
    case
        when direction = 'inbound' then from_dn
        when direction = 'outbound' then if(ends_outside and to_is <> 'line', final_dn, to_dn)
    end as carrier,
    null::bigint as near_epoch,
    if(is_other, 'no-call', null) as role,
from directed
