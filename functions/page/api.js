// The portal API as functions, and the session they need.
// The session token lives in sessionStorage: it goes with the tab, and no other tab or site sees it.

const KEY = "callmeter.session";
let session = stored();

/** Something the API or the network refused; `message` is fit to be shown. */
export class Problem extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The session is missing, over, or not accepted: only a new link helps. */
export class SessionOver extends Problem {}

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null; // storage switched off, or not ours
  }
}

function keep(value) {
  session = value;
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the session lasts until the page is reloaded.
  }
}

export function hasSession() {
  return Boolean(session?.token) && !(Date.parse(session.expires_at) <= Date.now());
}

export function endSession() {
  keep(null);
}

/** Exchanges the token of a signed link for a session. */
export async function signIn(link) {
  keep(null);
  const answer = await request("v1/session", { method: "POST", body: { link } });
  keep(await answer.json());
}

export const me = (period, signal) => json(withQuery("v1/me", { period }), { signal });
export const calls = (query, signal) => json(withQuery("v1/me/calls", query), { signal });
export const statement = (period, format) =>
  json(withQuery(`v1/me/statements/${encodeURIComponent(period)}`, { format }));
export const settings = () => json("v1/me/settings");
export const saveSettings = (body) => json("v1/me/settings", { method: "PUT", body });

/** The calls that match, as a file: {blob, fileName}. */
export async function callsCsv(query) {
  const answer = await request(withQuery("v1/me/calls", { ...query, format: "csv" }));
  const named = /filename="?([\w.-]+)"?/.exec(answer.headers.get("Content-Disposition") ?? "");
  return { blob: await answer.blob(), fileName: named?.[1] ?? `calls-${query.period}.csv` };
}

function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

async function json(path, options) {
  const answer = await request(path, options);
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The answer could not be read. Please try again in a moment.");
  }
}

async function request(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (session) headers.Authorization = `Bearer ${session.token}`;
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("There is no connection at the moment. Please check your network and try again.");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer) {
  const told = await answer.json().catch(() => ({}));
  const facts = { status: answer.status, code: told.code };
  if (answer.status === 401) return new SessionOver("Your session has ended.", facts);
  if (answer.status >= 500) {
    return new Problem("Something went wrong on our side. Please try again in a moment.", facts);
  }
  return new Problem(told.detail || told.title || `That did not work (${answer.status}).`, facts);
}
