"""When UCRM's own run invoices a service. Pure. Source: the fields of services in the API blueprint of UISP CRM.

A period begins on the service's start day. Forward invoices are made as it begins, backward ones as it ends; either
some days earlier where the service says so.
"""

import calendar
from datetime import date, timedelta

from callmeter.ucrm.answers import Service

BACKWARD, FORWARD = 1, 2


def is_due(service: Service, today: date) -> bool:
    """Whether the service's next period that is not invoiced is to be invoiced by `today`."""
    starts_on = next_period(service)
    if starts_on is None:
        return False
    if service.invoicing_period_type == BACKWARD:
        starts_on = period_after(starts_on, service.invoicing_period_start_day or 1, service.service_plan_period or 1)
    return today >= starts_on - timedelta(days=service.next_invoicing_day_adjustment or 0)


def next_period(service: Service) -> date | None:
    """The first day of the next period that is not invoiced."""
    if service.last_invoiced_date is not None:
        return service.last_invoiced_date.date() + timedelta(days=1)
    return service.invoicing_start.date() if service.invoicing_start else None


def period_after(starts_on: date, start_day: int, months: int) -> date:
    """The first day of the period after the one that starts then; that may be a part of one (prorated)."""
    on_time = starts_on == _start_in(starts_on.year, starts_on.month, start_day)
    if not on_time:
        this_month = _start_in(starts_on.year, starts_on.month, start_day)
        return this_month if this_month > starts_on else _months_on(starts_on, 1, start_day)
    return _months_on(starts_on, months, start_day)


def _months_on(day: date, months: int, start_day: int) -> date:
    place = day.year * 12 + day.month - 1 + months
    return _start_in(place // 12, place % 12 + 1, start_day)


def _start_in(year: int, month: int, start_day: int) -> date:
    """The start day in a month: 31 is its last."""
    return date(year, month, min(start_day, calendar.monthrange(year, month)[1]))
