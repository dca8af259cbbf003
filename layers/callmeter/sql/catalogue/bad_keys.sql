-- bad_keys.sql: account rows with a number that is none, a row each. In: account_texts, account_keys.
with counts as (
    select
        account_row,
        len(list_distinct(numbers)) as asked,
        (
            select count(*) from account_keys
            where account_keys.account_row = account_texts.account_row and kind = 'number' and key is null
        ) as bad,
    from account_texts
)

select account_row from counts where bad > 0 order by account_row
