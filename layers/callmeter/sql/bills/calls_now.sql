-- calls_now.sql: what the calls of a shard say now, one row per call, as bills need them. In: rated_calls, allowances.
create or replace temp table calls_now as
with groups_in_bundles as (
    select catalogue, plan, name, position, unnest(groups) as "group"
    from allowances
),

bundles as (
    select catalogue, plan, "group", min_by(name, position) as bundle
    from groups_in_bundles
    group by all
)

select
    rated_calls.* exclude (charge_nanos),
    money(charge_nanos) as charge,
    bundles.bundle,
    if(direction = 'inbound', to_number, from_number) as own_number,
from rated_calls
left join bundles on bundles.catalogue = rated_calls.catalogue
    and bundles.plan = rated_calls.plan
    and bundles."group" = rated_calls."group"
