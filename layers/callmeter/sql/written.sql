-- written.sql: the rated calls, where reading the written file back would be slower. In: output.
create or replace temp view written as
from output
