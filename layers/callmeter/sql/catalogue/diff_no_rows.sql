-- diff_no_rows.sql: makes deck_rows empty again, so that another deck can be read.
delete from deck_rows
