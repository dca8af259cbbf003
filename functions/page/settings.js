// The customer's own settings: hide the last digits, the monthly limit.
import * as api from "./api.js";
import { byId, hideProblem, showProblem } from "./dom.js";
import { typeable, typedAmount } from "./format.js";

/** Wires the form once. `onSaved(settings)` hears of changes; `onFailure(problem)` is true where it dealt with an error. */
export function settingsForm(onSaved, onFailure) {
  let saved = { hide_digits: false, monthly_limit: null };
  let money;
  let loaded = false;

  byId("settings-form").addEventListener("submit", save);
  byId("settings-form").addEventListener("input", () => {
    byId("saved").textContent = "";
    limitProblem("");
  });

  async function open(purse) {
    money = purse;
    byId("limit-currency").textContent = `in ${money.currency}`;
    hideProblem(byId("settings-problem"));
    byId("save").disabled = !loaded;
    try {
      show(await api.settings());
      loaded = true;
      byId("save").disabled = false;
    } catch (problem) {
      if (!onFailure(problem)) showProblem(byId("settings-problem"), problem, () => open(money));
    }
  }

  function show(settings) {
    saved = settings;
    byId("hide-digits").checked = settings.hide_digits;
    byId("monthly-limit").value = typeable(settings.monthly_limit);
  }

  /** The limit in the field; as it was where nobody touched it, undefined where it is no amount. */
  function limitTyped() {
    const text = byId("monthly-limit").value;
    return text === typeable(saved.monthly_limit) ? saved.monthly_limit : typedAmount(text, money.minorDigits);
  }

  async function save(event) {
    event.preventDefault();
    hideProblem(byId("settings-problem"));
    const limit = limitTyped();
    if (limit === undefined) {
      const example = typeable(typedAmount("50", money.minorDigits));
      limitProblem(`Please write an amount like ${example}, without a currency sign or thousands separators.`);
      byId("monthly-limit").focus();
      return;
    }
    byId("save").disabled = true;
    try {
      const settings = await api.saveSettings({ hide_digits: byId("hide-digits").checked, monthly_limit: limit });
      show({ hide_digits: byId("hide-digits").checked, monthly_limit: limit, ...settings });
      byId("saved").textContent = "Saved.";
      onSaved(saved);
    } catch (problem) {
      if (!onFailure(problem)) showProblem(byId("settings-problem"), problem);
    }
    byId("save").disabled = false;
  }

  function limitProblem(text) {
    byId("limit-problem").textContent = text;
    byId("limit-problem").hidden = !text;
    byId("monthly-limit").setAttribute("aria-invalid", String(Boolean(text)));
  }

  return { open };
}
