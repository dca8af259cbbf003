"""Customers as the CRM has them -> rows of accounts.csv, changing by time; and notices of overdue invoices.

subscription  what the CRM says of one account, and where that is asked
written       phone numbers and logins as people write them into a CRM's fields
table         accounts.csv as rows that keep their bytes until they change
matching      which subscription is which account
spans         one account's rows, following its subscription
planning      all of it: the file as it is to be, and what changes, for a person to read
notices       one notice for each overdue invoice

Nothing here writes: jobs/sync.py does.
"""
