-- wanted_calls.sql: one account's calls of a period that match the filter, as the customer may see them. In: rated_calls,
-- hiding. The filter sees what the customer sees: hidden digits cannot be searched for.
create or replace temp table wanted_calls as
with shown_calls as (
    select
        rated_calls.* replace (
            shown(to_number, direction, coalesce(hiding.hidden, $hidden_by_default)) as to_number
        ),
        strftime(timezone($timezone, timezone('UTC', rated_calls.started_at)), '%Y-%m-%d %H:%M:%S') as local_time,
    from rated_calls
    left join hiding
        on hiding.account_id = rated_calls.account_id
        and rated_calls.started_at >= hiding.starts_at
        and (hiding.ends_at is null or rated_calls.started_at < hiding.ends_at)
    where rated_calls.account_id = $account_id and rated_calls.period = $period
)

select *
from shown_calls
where case $show
        when 'out' then direction = 'outbound'
        when 'in' then direction = 'inbound'
        when 'missed' then direction = 'inbound' and status = 'unanswered'
        else true
    end
    and (
        trim($q) = ''
        or ($digits <> '' and (contains(from_number, $digits) or contains(to_number, $digits)))
        or contains(lower(destination), lower(trim($q)))
    )
