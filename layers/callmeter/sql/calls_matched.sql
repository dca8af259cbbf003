-- calls_matched.sql: adds a file's calls that are no rejects, with the rows of the catalogue that price them. In: calls_owned,
-- head_rows, choosy_rows. Outbound calls that were answered need a rate; inbound ones without cost nothing. Design 3.4.
insert into calls_matched
with found as (
    select
        calls_owned.*,
        coalesce(sell.row_id, choosy_sell.row_id) as sell_row,
        coalesce(buy.row_id, choosy_buy.row_id) as buy_row,
    from calls_owned
    left join head_rows as sell
        on sell.tariff = calls_owned.tariff
        and sell.head = if(is_code, to_number, to_number[1:$head_digits])
    left join head_rows as buy
        on buy.tariff = calls_owned.buy_tariff
        and buy.head = if(is_code, to_number, to_number[1:$head_digits])
    left join (from choosy_rows where side = 'sell') as choosy_sell on choosy_sell.line = calls_owned.line
    left join (from choosy_rows where side = 'buy') as choosy_buy on choosy_buy.line = calls_owned.line
    where reason is null
)

select
    $file_row as file_row,
    line,
    call_id,
    direction,
    from_number,
    to_number,
    started_at,
    duration_seconds,
    answered,
    account_row,
    trunk,
    supplier_row,
    sell_row,
    buy_row,
from found
where sell_row is not null or not answered or direction <> 'outbound'
