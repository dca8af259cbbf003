-- freezing.sql: the accounts to bill, and what their earlier bills are, from JSON: a row per account, with the ledgers
-- of its bills. In: nothing.
create or replace temp table freezing as
select unnest(
    from_json($accounts, '[{"account_id": "VARCHAR", "currency": "VARCHAR", "ledgers": "MAP(VARCHAR, VARCHAR)"}]'),
    recursive := true
)
