// The call page: signs in by the link, then shows the month, the calls, the statements and the settings.
// Each part has a module; this one decides which is seen, and what happens when a session ends.
import * as api from "./api.js";
import { callList } from "./calls.js";
import { byId, el, hideProblem, showProblem } from "./dom.js";
import { calendar, purse } from "./format.js";
import { showLimit, showMonth } from "./month.js";
import { settingsForm } from "./settings.js";
import { showStatements } from "./statements.js";

const account = { me: null, money: null, operator: "" };
let loading; // AbortController of the month under way

const list = callList(endIfOver);
const form = settingsForm(settingsSaved, endIfOver);

byId("period").addEventListener("change", (event) => showPeriod(event.target.value));
byId("sign-out").addEventListener("click", () => {
  api.endSession();
  explain("You are signed out", "To see your calls again, open the link your provider sent you, or ask for a new one.");
});
window.addEventListener("hashchange", () => {
  const link = takeLink();
  if (link) enter(link);
});

function start() {
  const link = takeLink();
  if (link) return enter(link);
  if (api.hasSession()) return showAccount();
  return explain("Your calls are behind a personal link", ...HOW_TO_GET_IN);
}

const HOW_TO_GET_IN = [
  "For your safety this page has no password: it opens with a link that is made for you and works for a short while.",
  "Please open the link your provider sent you. If you have none, ask your provider for one.",
];

/** The token of a signed link, taken out of the address so that it stays in no history or bookmark. */
function takeLink() {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (link !== null) history.replaceState(null, "", location.pathname + location.search);
  return link;
}

async function enter(link) {
  gate("One moment", "Opening your calls …");
  try {
    await api.signIn(link);
  } catch (problem) {
    const refused = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
    if (refused) return explain("This link no longer works", ...LINK_OVER);
    return explainWithAgain("Your calls could not be opened", problem, () => enter(link));
  }
  return showAccount();
}

const LINK_OVER = [
  "For your safety a link works only for a short while, and this one is over.",
  "Please ask your provider for a new link, and open it right away.",
];

async function showAccount() {
  gate("One moment", "Opening your calls …");
  try {
    const me = await api.me();
    openAccount(me);
  } catch (problem) {
    if (!endIfOver(problem)) explainWithAgain("Your calls could not be opened", problem, showAccount);
  }
}

function openAccount(me) {
  account.operator = me.operator.name;
  byId("operator").textContent = me.operator.name || "Your calls";
  byId("account-name").textContent = me.name || me.account_id;
  document.title = `Calls · ${me.name || me.account_id}`;
  document.body.classList.add("signed-in");
  byId("gate").hidden = true;
  byId("account").hidden = false;
  byId("who").hidden = false;
  show(me);
  form.open(account.money);
}

function show(me) {
  const days = calendar(me.timezone);
  account.me = me;
  account.money = purse(me.currency);
  showMonth(me, days, account.money);
  showStatements(me.statements, endIfOver);
  list.open(me.period.label, days, account.money);
}

async function showPeriod(period) {
  loading?.abort();
  loading = new AbortController();
  const mine = loading;
  hideProblem(byId("month-problem"));
  byId("month").setAttribute("aria-busy", "true");
  try {
    show(await api.me(period, mine.signal));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (!endIfOver(problem)) showProblem(byId("month-problem"), problem, () => showPeriod(period));
  }
  if (loading === mine) byId("month").setAttribute("aria-busy", "false");
}

function settingsSaved(settings) {
  account.me = { ...account.me, limit: settings.monthly_limit };
  showLimit(account.me, account.money);
}

/** True where the session is over: then the page says so, and what to do. */
function endIfOver(problem) {
  if (!(problem instanceof api.SessionOver)) return false;
  api.endSession();
  const provider = account.operator || "your provider";
  explain(
    "Your session has ended",
    "For your safety you are signed out after a while.",
    `Please ask ${provider} for a new link to your calls, and open it.`,
  );
  return true;
}

function gate(title, ...paragraphs) {
  byId("account").hidden = true;
  byId("who").hidden = true;
  byId("gate").hidden = false;
  byId("gate-again").hidden = true;
  byId("gate-title").textContent = title;
  byId("gate-text").replaceChildren(...paragraphs.map((text) => el("p", "", text)));
}

function explain(title, ...paragraphs) {
  gate(title, ...paragraphs);
  list.close();
  byId("statement-list").replaceChildren();
  document.title = title;
  document.body.classList.remove("signed-in");
  byId("gate-title").focus();
}

function explainWithAgain(title, problem, again) {
  explain(title, problem.message);
  byId("gate-again").hidden = false;
  byId("gate-again").onclick = again;
}

start();
