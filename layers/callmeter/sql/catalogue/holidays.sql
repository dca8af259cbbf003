-- holidays.sql: the operator's public holidays. In: the days as JSON.
insert into holidays
select unnest(from_json($holidays, '[{"holiday_month": "UTINYINT", "holiday_day": "UTINYINT", "holiday": "DATE"}]'), recursive := true)
