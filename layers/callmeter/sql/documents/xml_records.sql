-- xml_records.sql: FreeSWITCH's XML CDRs as JSON in the shape of mod_json_cdr, a row each: their variables, and of the call flow
-- the callers' profiles. In: texts. What is no whole CDR stays as it is, and so is no record. The names of variables may
-- have signs in them that XML does not allow. Format: src/switch_ivr.c of signalwire/freeswitch. It is cut at fixed texts
-- where that will do: regular expressions that match a whole document take ten times as long.
create or replace temp table records as
with parts as (
    select
        *,
        split_part(split_part(document, '<variables>', 2), '</variables>', 1) as variables,
        list_transform(
            string_split(document, '<caller_profile>')[2:],
            lambda text: split_part(text, '</caller_profile>', 1)
        ) as profiles,
    from texts
),

members as (
    select
        *,
        list_transform(
            profiles,
            lambda profile: format('{{"caller_profile":{{{}}}}}', concat_ws(
                ',',
                nullif(xml_members(split_part(profile, '<originat', 1)), ''),
                if(
                    contains(profile, '<originator>'),
                    format(
                        '"originator":{{"originator_caller_profiles":[{{{}}}]}}',
                        xml_members(split_part(split_part(profile, '<originator>', 2), '</originator>', 1))
                    ),
                    null
                )
            ))
        ) as flow,
    from parts
)

select
    case
        when not contains(document, '</cdr>') or variables = '' then document
        when document is not null
        then format(
            '{{"core-uuid":{},"variables":{{{}}},"callflow":[{}],"callmeter":{}}}',
            to_json(regexp_extract(left(document, 400), '<cdr[^>]*core-uuid="([^"]*)"', 1)),
            xml_members(variables),
            array_to_string(flow, ','),
            coalesce(if(json_valid(record), json_extract(record, '$.callmeter')::varchar, null), 'null')
        )
        else record
    end as record,
from members
order by number
