// The list of calls: search, filter, pages by cursor, the reason for each price, the CSV export.
import * as api from "./api.js";
import { byId, copyOf, download, el, hideProblem, moneyNodes, showProblem } from "./dom.js";
import { clock, count, counting, duration, isDiallable, longDuration, number } from "./format.js";
import { isMissed, priceKind, why } from "./price.js";

const PAGE_SIZE = 50;
const TYPING_PAUSE_MS = 250;
const DIRECTIONS = { outbound: "Outgoing call to", inbound: "Incoming call from", internal: "Internal call to" };

/** Wires the list once; `open(period, calendar, money)` then shows a period.
 * `onFailure(problem)` sees every error first, and answers true where it has dealt with it. */
export function callList(onFailure) {
  const view = { period: "", q: "", show: "all", next: null, shown: 0, lastDay: "", running: null };
  let typing;

  byId("tools").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_PAUSE_MS);
  });
  byId("tools").addEventListener("change", (event) => {
    if (event.target.name !== "show") return;
    view.show = event.target.value;
    search();
  });
  byId("more").addEventListener("click", more);
  byId("export").addEventListener("click", exportCsv);

  function search() {
    clearTimeout(typing);
    view.q = searchTerm(byId("search").value);
    return load();
  }

  const query = () => ({ period: view.period, show: view.show, q: view.q });

  /** The first page of what is asked for now; a load still under way is dropped. */
  async function load() {
    const mine = begin();
    byId("days").setAttribute("aria-busy", "true");
    if (!view.shown) byId("days").replaceChildren(...skeleton());
    await attempt(mine, load, clear, async () => {
      const page = await api.calls({ ...query(), limit: PAGE_SIZE }, mine.signal);
      byId("days").replaceChildren();
      Object.assign(view, { shown: 0, lastDay: "" });
      append(page);
      if (!page.calls.length) byId("days").replaceChildren(nothingFound(view));
    });
  }

  async function more() {
    const mine = begin();
    await attempt(mine, more, () => {}, async () => {
      const page = await api.calls({ ...query(), limit: PAGE_SIZE, cursor: view.next }, mine.signal);
      const first = append(page);
      first?.focus({ preventScroll: true });
    });
  }

  function begin() {
    view.running?.abort();
    view.running = new AbortController();
    byId("more").disabled = true;
    return view.running;
  }

  async function attempt(mine, again, undo, work) {
    hideProblem(byId("calls-problem"));
    try {
      await work();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (onFailure(problem)) return;
      undo();
      showProblem(byId("calls-problem"), problem, again);
    }
    if (view.running !== mine) return;
    byId("more").disabled = false;
    byId("days").setAttribute("aria-busy", "false");
  }

  function clear() {
    view.shown = 0;
    byId("days").replaceChildren();
    byId("result").textContent = "";
    byId("export").hidden = true;
    byId("more-row").hidden = true;
  }

  /** Adds a page below what is there, day by day; gives the first row added. */
  function append(page) {
    const rows = page.calls.map((call) => {
      const row = callRow(call, view);
      listOfDay(call).append(row);
      return row;
    });
    view.shown += rows.length;
    view.next = page.next;
    byId("more-row").hidden = !page.next;
    byId("shown").textContent = `${count(view.shown)} of ${count(page.total.calls)} shown`;
    byId("result").replaceChildren(...totalText(page.total, view));
    byId("export").hidden = !page.total.calls;
    return rows[0];
  }

  function listOfDay(call) {
    const day = view.calendar.dayKey(call.started_at);
    if (day !== view.lastDay) {
      const section = copyOf("day-template");
      section.querySelector("h3").textContent = view.calendar.day(call.started_at);
      byId("days").append(section);
      view.lastDay = day;
    }
    return byId("days").lastElementChild.querySelector("ul");
  }

  async function exportCsv() {
    byId("export").disabled = true;
    hideProblem(byId("calls-problem"));
    try {
      const { blob, fileName } = await api.callsCsv(query());
      download(blob, fileName);
    } catch (problem) {
      if (!onFailure(problem)) showProblem(byId("calls-problem"), problem, exportCsv);
    }
    byId("export").disabled = false;
  }

  function open(period, calendar, money) {
    Object.assign(view, { period, calendar, money });
    byId("zone").textContent = `Times in ${calendar.zone.replaceAll("_", " ")}`;
    clear();
    return search();
  }

  /** Forgets the calls and what was asked for: nothing stays behind on a shared computer. */
  function close() {
    clearTimeout(typing);
    view.running?.abort();
    view.show = "all";
    byId("tools").reset();
    clear();
  }

  return { open, close };
}

/** What to search for: a number as people write it becomes its digits, as numbers are stored. */
export function searchTerm(typed) {
  const text = typed.trim();
  if (!/^[+\d\s()./-]*\d[\d\s()./-]*x*$/.test(text)) return text;
  return text.replace(/[^\dx]/g, "").replace(/^0+(?=\d)/, "");
}

function totalText(total, view) {
  if (!total.calls) return ["No calls"];
  const amount = el("strong", "", ...moneyNodes(total.charge, view.money));
  return [`${counting(total.calls, "call", "calls")} · ${longDuration(total.billed_seconds)} billed · `, amount];
}

function callRow(call, { calendar, money }) {
  const row = copyOf("call-template");
  const slot = (name) => row.querySelector(`.${name}`);
  const missed = isMissed(call);
  const other = call.direction === "inbound" ? call.from_number : call.to_number;
  row.classList.toggle("missed", missed);

  const icon = missed ? "missed" : call.direction in DIRECTIONS ? call.direction : "outbound";
  slot("direction").querySelector("use").setAttribute("href", `#icon-${icon}`);
  slot("direction").querySelector(".unseen").textContent = missed ? "Missed call from" : DIRECTIONS[icon];
  slot("number").append(numberNode(other, call.direction === "inbound"));
  slot("place").append(...(call.barred ? [el("span", "badge", "barred"), " "] : []), placeOf(call));
  slot("time").textContent = calendar.time(call.started_at);
  slot("time").dateTime = call.started_at;
  const [seen, spoken] = slot("duration").children;
  const answered = call.status !== "unanswered";
  seen.textContent = answered ? clock(call.duration_seconds) : "–";
  spoken.textContent = answered ? duration(call.duration_seconds, "long") : "not answered";

  slot("amount").append(...priceNodes(call, money, missed));
  slot("price").addEventListener("click", () => toggleWhy(row, call, calendar, money));
  return row;
}

function numberNode(digits, callBack) {
  if (!callBack || !isDiallable(digits)) return document.createTextNode(number(digits));
  const link = el("a", "", number(digits));
  link.href = `tel:+${digits}`;
  link.title = "Call back";
  return link;
}

function placeOf(call) {
  return call.destination || (call.direction === "internal" ? "Your phone system" : "");
}

function priceNodes(call, money, missed) {
  const unanswered = missed ? "missed" : "no answer";
  const words = { late: "price to follow", unanswered, included: "included", nothing: "free" };
  const kind = priceKind(call);
  return kind === "charged" ? moneyNodes(call.charge, money) : [el("span", `word ${kind}`, words[kind])];
}

let whyCount = 0;

/** Opens or closes the reason below a call; it is written when first asked for. */
function toggleWhy(row, call, calendar, money) {
  const [button, panel] = [row.querySelector(".price"), row.querySelector(".why")];
  if (!panel.id) {
    panel.id = `why-${(whyCount += 1)}`;
    button.setAttribute("aria-controls", panel.id);
    panel.append(el("p", "", why(call, money).join(" ")), el("p", "soft", ...waypoints(call, calendar)));
  }
  panel.hidden = !panel.hidden;
  button.setAttribute("aria-expanded", String(!panel.hidden));
}

function waypoints(call, calendar) {
  return [
    el("span", "", `${number(call.from_number)} → ${number(call.to_number)}`),
    el("span", "", calendar.full(call.started_at)),
  ];
}

function nothingFound({ q, show }) {
  if (!q && show === "all") return el("p", "empty", "No calls in this month yet.");
  return el("p", "empty", "No calls match. Try another number or place, or look at all calls.");
}

function skeleton() {
  return Array.from({ length: 6 }, () => el("div", "skeleton"));
}
