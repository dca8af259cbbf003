-- account_texts.sql: one row per line of accounts.csv, `account_row` its line. In: the accounts as JSON.
create or replace temp table account_texts as
select unnest(from_json($accounts, '[{
    "account_row": "INTEGER", "account_id": "VARCHAR", "plan": "VARCHAR", "currency": "VARCHAR",
    "timezone": "VARCHAR", "anchor_day": "INTEGER", "valid_from": "DATE", "valid_to": "DATE",
    "numbers": ["VARCHAR"], "sip_logins": ["VARCHAR"]
}]'), recursive := true)
