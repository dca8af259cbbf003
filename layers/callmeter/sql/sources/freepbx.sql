-- freepbx.sql: the CDR export of FreePBX (Reports, CDR, "CSV file") -> raw_calls. In: fields. Grain: one row per line.
-- Columns by name: older modules leave some out. The account's own number is outbound_cnum; did is set on inbound calls.
create or replace temp view raw_calls as
with named as (
    select
        line,
        coalesce(
            malformed,
            if(len(cells) = getvariable('width'), null, format('the line has {} fields, the header {}', len(cells), getvariable('width')))
        ) as malformed,
        cell_text(cells[getvariable('accountcode')]) as accountcode,
        cell_text(cells[getvariable('src')]) as src,
        cell_text(cells[getvariable('dst')]) as dst,
        cell_text(cells[getvariable('dcontext')]) as dcontext,
        cell_text(cells[getvariable('channel')]) as channel,
        cell_text(cells[getvariable('dstchannel')]) as dstchannel,
        cell_text(cells[getvariable('calldate')]) as calldate,
        cell_text(cells[getvariable('duration')]) as duration,
        cell_text(cells[getvariable('billsec')]) as billsec,
        cell_text(cells[getvariable('disposition')]) as disposition,
        cell_text(cells[getvariable('uniqueid')]) as uniqueid,
        cell_text(cells[getvariable('did')]) as did,
        cell_text(cells[getvariable('cnum')]) as cnum,
        cell_text(cells[getvariable('outbound_cnum')]) as outbound_cnum,
        cell_text(cells[getvariable('linkedid')]) as linkedid,
        cell_text(cells[getvariable('sequence')]) as sequence,
    from fields
),

directed as (
    select *, asterisk_direction(dcontext, did, dst, dstchannel, disposition) as direction
    from named
)

select
    line,
    malformed,
    uniqueid || '-' || linkedid || '-' || sequence as id_text,
    concat_ws('|', uniqueid, calldate, src, dst, channel, dstchannel, duration, billsec) as id_parts,
    if(direction = 'inbound', src, coalesce(outbound_cnum, src, cnum)) as from_text,
    if(direction = 'inbound', coalesce(did, dst), dst) as to_text,
    calldate as start_text,
    billsec as duration_text,
    upper(disposition) = 'ANSWERED' as answered,
    direction,
    endpoint(channel) as login,
    endpoint(dstchannel) as called_login,
    accountcode as code,
    if(direction = 'inbound', endpoint(channel), endpoint(dstchannel)) as carrier,
from directed
