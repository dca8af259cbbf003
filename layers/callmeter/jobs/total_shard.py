"""One shard of one period -> the totals of its accounts: absolute, sequenced, recomputed from the calls.

First the shard's next sequence number, then the list of its objects, then the writes, each only where the stored
sequence is lower: a slow old run cannot overwrite a newer one, and running twice changes nothing.
"""

from decimal import Decimal

from callmeter import sql
from callmeter.jobs.shards import settled_shard
from callmeter.model import AccountTotal
from callmeter.ports import Store, Totals


def total_shard(store: Store, totals: Totals, period: str, shard: str) -> list[AccountTotal]:
    """Recompute and write the totals of one shard and period; accounts whose calls are gone come to nothing."""
    sequence = totals.next_sequence(period, shard)
    with settled_shard(store, shard, [period]) as (con, _work):
        figures = [AccountTotal.model_validate(row) for row in sql.rows(con, "account_totals")]
    here = {figure.account_id for figure in figures}
    gone = sorted(totals.accounts(period, shard) - here)
    figures += [_nothing(earlier) for account in gone if (earlier := totals.read(period, shard, account))]
    totals.write(shard, sequence, figures)
    return figures


def _nothing(earlier: AccountTotal) -> AccountTotal:
    return AccountTotal(
        account_id=earlier.account_id,
        period=earlier.period,
        currency=earlier.currency,
        charge=Decimal(0),
        calls=0,
        answered_calls=0,
        late_calls=0,
        billed_seconds=0,
        free_seconds=0,
    )
