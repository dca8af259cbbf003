-- asterisk.sql: cdr_csv's Master.csv -> raw_calls. In: fields. Grain: one row per line.
-- Columns: cdr/cdr_csv.c of asterisk/asterisk. 16 always; then uniqueid, userfield, and (peeraccount, linkedid, sequence),
-- each by its own switch. One channel can leave several rows, so a uniqueid alone is no identity.
create or replace temp view raw_calls as
with named as (
    select
        line,
        false as irregular,
        coalesce(
            malformed,
            if(
                len(cells) between 16 and 21,
                null,
                format('the line has {} fields, Master.csv has 16 to 21', len(cells))
            )
        ) as malformed,
        cell_text(cells[1]) as accountcode,
        cell_text(cells[2]) as src,
        cell_text(cells[3]) as dst,
        cell_text(cells[4]) as dcontext,
        cell_text(cells[6]) as channel,
        cell_text(cells[7]) as dstchannel,
        cell_text(cells[10]) as start,
        cell_text(cells[13]) as duration,
        cell_text(cells[14]) as billsec,
        cell_text(cells[15]) as disposition,
        if(
            regexp_full_match(cell_text(cells[17]), '(.+-)?[0-9]{9,11}\.[0-9]+'),
            cell_text(cells[17]),
            null
        ) as uniqueid,
        if(len(cells) >= 19, cell_text(cells[len(cells) - 1]) || '-' || cell_text(cells[len(cells)]), null) as linkedid_sequence,
    from fields
)

select
    line,
    irregular,
    malformed,
    if(linkedid_sequence is null, null, uniqueid || '-' || linkedid_sequence) as id_text,
    concat_ws('|', uniqueid, start, src, dst, channel, dstchannel, duration, billsec) as id_parts,
    src as from_text,
    dst as to_text,
    start as start_text,
    billsec as duration_text,
    upper(disposition) = 'ANSWERED' as answered,
    asterisk_direction(dcontext, null, dst, dstchannel, disposition) as direction,
    endpoint(channel) as login,
    endpoint(dstchannel) as called_login,
    accountcode as code,
    if(asterisk_direction(dcontext, null, dst, dstchannel, disposition) = 'inbound', endpoint(channel), endpoint(dstchannel)) as carrier,
    try_cast(regexp_extract(uniqueid, '([0-9]{9,11})\.[0-9]+$', 1) as bigint) as near_epoch,
    null::varchar as role,
from named
