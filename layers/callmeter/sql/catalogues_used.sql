-- catalogues_used.sql: the catalogue versions that the calls at hand were rated with. In: priced_calls.
select distinct catalogue
from priced_calls
order by catalogue
