// The list of statements; a click asks the API for a short-lived link and follows it.
import * as api from "./api.js";
import { byId, copyOf, download, hideProblem, showProblem } from "./dom.js";
import { periodName, purse } from "./format.js";

const NOT_YET = new api.Problem("This statement is not ready yet. Please come back a little later.");

export function showStatements(statements, onFailure) {
  byId("no-statements").hidden = statements.length > 0;
  byId("statement-list").replaceChildren(...statements.map((entry) => statementRow(entry, onFailure)));
}

function statementRow(entry, onFailure) {
  const row = copyOf("statement-template");
  const name = periodName(entry.period);
  row.querySelector(".statement-period").textContent = name;
  row.querySelector(".statement-what .soft").textContent = stateOf(entry);
  row.querySelector(".statement-amount").textContent = purse(entry.currency).text(entry.amount);
  for (const button of row.querySelectorAll("button")) {
    button.querySelector(".unseen").textContent = ` statement for ${name}`;
    button.addEventListener("click", () => fetchFile(button, entry.period, onFailure));
  }
  return row;
}

function stateOf({ state, invoice_number: invoice }) {
  if (state === "nothing-due") return "Nothing to pay";
  if (state !== "invoiced") return "Invoice on its way";
  return invoice ? `Invoice ${invoice}` : "Invoiced";
}

async function fetchFile(button, period, onFailure) {
  const notice = byId("statements-problem");
  const format = button.dataset.format;
  hideProblem(notice);
  button.disabled = true;
  try {
    const { url } = await api.statement(period, format);
    download(webAddress(url), `statement-${period}.${format}`);
  } catch (problem) {
    if (!onFailure(problem)) showProblem(notice, problem.status === 404 ? NOT_YET : problem);
  }
  button.disabled = false;
}

/** Only web addresses are followed, whatever an answer says. */
function webAddress(text) {
  const address = new URL(text, document.baseURI);
  if (!["https:", "http:"].includes(address.protocol)) throw new api.Problem("The download link could not be used.");
  return address.href;
}
