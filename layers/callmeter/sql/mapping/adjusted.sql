-- adjusted.sql: raw_calls with the settings of a mapping: whose ids these are, the tech prefix of called numbers gone, which way
-- calls go that do not say it. In: raw_calls_before; variables identity_prefix, strip_prefix (a regular expression), direction_rule.
create or replace temp view raw_calls as
select * replace (
    if(
        getvariable('identity_prefix') = '',
        id_text,
        getvariable('identity_prefix')
        || coalesce(id_text, md5(coalesce(id_parts, concat_ws('|', from_text, to_text, start_text, duration_text))))
    ) as id_text,
    case
        when getvariable('strip_prefix') is null or coalesce(direction, '') = 'inbound' then to_text
        else regexp_replace(to_text, '^((?:sips?:|tel:)?)(?:' || getvariable('strip_prefix') || ')(\+?[0-9]{3,}.*)$', '\1\2')
    end as to_text,
    coalesce(direction, getvariable('direction_rule')) as direction
)
from raw_calls_before
