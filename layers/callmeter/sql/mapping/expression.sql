-- expression.sql: raises an error where $expression is no regular expression.
select regexp_matches('', $expression)
