// The few DOM habits the page shares. Whatever comes from the API goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** A fresh copy of a <template>'s one element. */
export function copyOf(templateId) {
  return byId(templateId).content.firstElementChild.cloneNode(true);
}

/** An element with a class and children; strings become text. */
export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** An amount whose digits beyond the minor unit are set more quietly. */
export function moneyNodes(amount, money) {
  return money.parts(amount).map(([text, beyond]) => (beyond ? el("span", "beyond", text) : text));
}

/** Shows `problem` (an Error) in a notice, with a button to try again where `again` is given. */
export function showProblem(notice, problem, again) {
  const text = el("p", "", problem.message);
  notice.replaceChildren(text);
  if (again) {
    const button = el("button", "quiet", "Try again");
    button.type = "button";
    button.addEventListener("click", again);
    notice.append(button);
  }
  notice.hidden = false;
}

export function hideProblem(notice) {
  notice.hidden = true;
  notice.replaceChildren();
}

/** Hands the browser a file to keep: a Blob, or an address it fetches itself. */
export function download(source, fileName) {
  const blob = source instanceof Blob;
  const link = el("a");
  link.href = blob ? URL.createObjectURL(source) : source;
  link.download = fileName;
  link.rel = "noopener noreferrer";
  document.body.append(link);
  link.click();
  link.remove();
  if (blob) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
