// "This month": what was spent against the limit, how many calls, what is left of the included minutes.
import { byId, copyOf, moneyNodes } from "./dom.js";
import {
  count, counting, decimal, duration, groupName, list, longDuration, minutes, nanos, periodName, share,
} from "./format.js";

const NEARLY = 80n; // percent of the limit

export function showMonth(me, calendar, money) {
  showPeriod(me, calendar);
  byId("spend").replaceChildren(...moneyNodes(me.spend, money));
  byId("call-count").textContent = count(me.calls);
  byId("billed-time").textContent = longDuration(me.billed_seconds);
  byId("late-fact").hidden = !me.late_calls;
  byId("late-count").textContent = counting(me.late_calls, "call", "calls");
  showLimit(me, money);
  showAllowances(me);
}

function showPeriod({ period, periods }, calendar) {
  const now = Date.now();
  const current = Date.parse(period.starts_at) <= now && now < Date.parse(period.ends_at);
  byId("month-title").textContent = current ? "This month" : periodName(period.label);
  byId("month-dates").textContent = calendar.days(period.starts_at, period.ends_at);
  const labels = periods.includes(period.label) ? periods : [period.label, ...periods];
  byId("period").replaceChildren(...labels.map((label) => new Option(periodName(label), label)));
  byId("period").value = period.label;
}

/** Shows `limit` (a decimal string, or null for none) against what was spent. */
export function showLimit({ spend, limit }, money) {
  byId("limit").hidden = limit === null;
  byId("no-limit").hidden = limit !== null;
  if (limit === null) return;
  const [spent, most] = [nanos(spend), nanos(limit)];
  const level = spent >= most ? "full" : spent * 100n >= most * NEARLY ? "near" : "fine";
  byId("limit").dataset.level = level;
  byId("limit-meter").value = most > 0n ? Number((spent * 1000n) / most) / 1000 : 1;
  byId("limit-text").textContent = `${most > 0n ? `${share(spent, most)} of ` : ""}your limit of ${money.text(limit)}`;
  byId("limit-left").textContent =
    level === "full" ? "Limit reached" : `${money.text(decimal(most - spent))} left`;
}

function showAllowances({ allowances, plan }) {
  byId("plan").textContent = plan.name || plan.plan;
  byId("allowances").hidden = !allowances.length;
  byId("month-body").classList.toggle("alone", !allowances.length);
  byId("allowance-list").replaceChildren(...allowances.map(allowanceRow));
}

function allowanceRow({ name, groups, minutes: included, used_seconds: used }) {
  const row = copyOf("allowance-template");
  const left = Math.max(0, included * 60 - used);
  const meter = row.querySelector("meter");
  row.querySelector(".allowance-name").textContent = name;
  meter.max = Math.max(1, included * 60);
  meter.value = left;
  meter.setAttribute("aria-label", `${name}: left`);
  row.classList.toggle("used-up", left === 0);
  row.querySelector(".left").textContent = left
    ? `${left < 60 ? duration(left) : minutes(Math.floor(left / 60))} of ${minutes(included)} left`
    : `All ${minutes(included)} used`;
  row.querySelector(".groups").textContent = `for ${list(groups.map(groupName))}`;
  return row;
}
