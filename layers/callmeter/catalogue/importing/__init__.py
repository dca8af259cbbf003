"""`callmeter rates import`: a carrier's rate deck, as it really comes, -> a deck of ours.

sheets          bytes -> sheets of text cells: encoding, delimiter, workbooks
headers         the table of names that carriers give their columns
tables          sheets -> the one table: its header, what each column means
prefixes, prices, dates, increments   what a column's cells say, decided by column
rows, reader    the table's rows -> rows of a deck, every one accounted for
deck            rows of a deck, and whether two of them can hold at once
remarks         what was decided, and what looks wrong
understanding   all of it: what was understood, to be shown before anything is written
writing         rows -> decks/NAME.csv

Nothing is guessed silently: what a file does not prove is shown, or asked for (`Choices`).
"""

from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.headers import alias_table
from callmeter.catalogue.importing.understanding import Import, facts, understand
from callmeter.catalogue.importing.writing import deck_text, write_deck

__all__ = ["Choices", "Import", "alias_table", "deck_text", "facts", "understand", "write_deck"]
