-- freepbx.sql: the CDR export of FreePBX (Reports, CDR, "CSV file") -> raw_calls. In: named_fields. Grain: one row per line.
-- Columns by name: older modules leave some out. The account's own number is outbound_cnum; did is set on inbound calls.
create or replace temp view raw_calls as
with named as (
    select
        line,
        irregular,
        malformed,
        cell_text(accountcode) as accountcode,
        cell_text(src) as src,
        cell_text(dst) as dst,
        cell_text(dcontext) as dcontext,
        cell_text(channel) as channel,
        cell_text(dstchannel) as dstchannel,
        cell_text(calldate) as calldate,
        cell_text(billsec) as billsec,
        cell_text(disposition) as disposition,
        cell_text(uniqueid) as uniqueid,
        cell_text(did) as did,
        cell_text(cnum) as cnum,
        cell_text(outbound_cnum) as outbound_cnum,
        cell_text(linkedid) as linkedid,
        cell_text(sequence) as sequence,
        cell_text(duration) as duration,
    from named_fields
),

directed as (
    select *, asterisk_direction(dcontext, did, dst, dstchannel, disposition) as direction
    from named
)

select
    line,
    irregular,
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
    try_cast(regexp_extract(uniqueid, '([0-9]{9,11})\.[0-9]+$', 1) as bigint) as near_epoch,
    null::varchar as role,
from directed
