// Money, times and numbers as people read them: the browser's locale, the account's time zone and currency.
// Money stays a decimal string or integer nanos (BigInt), as in the API; it is never a float.

const LOCALES = navigator.languages?.length ? navigator.languages : undefined;
const NANO_DIGITS = 9;

/** "12.3456" -> 12345600000n nanos. */
export function nanos(text) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text ?? "") ?? [null, "", "0"];
  const size = BigInt(whole + part.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, "0"));
  return sign ? -size : size;
}

/** 12345600000n nanos -> "12.3456". */
export function decimal(value) {
  const digits = String(value < 0n ? -value : value).padStart(NANO_DIGITS + 1, "0");
  const text = `${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`.replace(/\.?0+$/, "");
  return value < 0n ? `-${text}` : text;
}

const plural = new Intl.PluralRules("en");
const counted = new Intl.NumberFormat(LOCALES);
const percent = new Intl.NumberFormat(LOCALES, { style: "percent" });

export const count = (value) => counted.format(value);
export const counting = (value, one, other) =>
  `${count(value)} ${plural.select(value) === "one" ? one : other}`;
export const list = (items) => new Intl.ListFormat("en").format(items);

/** How much of the whole, rounded down so that "100%" means all of it. */
export const share = (part, whole) => percent.format(Number((part * 100n) / whole) / 100);

const UNITS = Object.fromEntries(
  ["hour", "minute", "second"].flatMap((unit) =>
    ["short", "long"].map((unitDisplay) => [
      `${unit}-${unitDisplay}`,
      new Intl.NumberFormat(LOCALES, { style: "unit", unit, unitDisplay }),
    ]),
  ),
);

/** 245 -> "4 min 5 sec" (or with "long": "4 minutes 5 seconds"). */
export function duration(seconds, display = "short") {
  const parts = { hour: Math.floor(seconds / 3600), minute: Math.floor(seconds / 60) % 60, second: seconds % 60 };
  const said = Object.entries(parts).filter(([, value]) => value);
  if (!said.length) said.push(["second", 0]);
  return said.map(([unit, value]) => UNITS[`${unit}-${display}`].format(value)).join(" ");
}

export const minutes = (value) => UNITS["minute-short"].format(value);

/** A total of many calls: hours and minutes, the seconds only while it is short. */
export function longDuration(seconds) {
  return duration(seconds < 600 ? seconds : seconds - (seconds % 60));
}

/** 245 -> "4:05", 3605 -> "1:00:05". */
export function clock(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** "2026-10" -> "October 2026". */
export function periodName(label) {
  const day = new Date(`${label}-01T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return label;
  return new Intl.DateTimeFormat(LOCALES, { month: "long", year: "numeric", timeZone: "UTC" }).format(day);
}

/** Dates in the account's time zone. */
export function calendar(timezone) {
  const zone = zoneOrUtc(timezone);
  const make = (options, locales = LOCALES) => new Intl.DateTimeFormat(locales, { timeZone: zone, ...options });
  const day = make({ weekday: "long", day: "numeric", month: "long" });
  const key = make({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
  const time = make({ timeStyle: "short" });
  const full = make({ dateStyle: "full", timeStyle: "long" });
  const range = make({ day: "numeric", month: "long", year: "numeric" });
  return {
    zone,
    dayKey: (instant) => key.format(new Date(instant)),
    day: (instant) => day.format(new Date(instant)),
    time: (instant) => time.format(new Date(instant)),
    full: (instant) => full.format(new Date(instant)),
    /** The days of a period whose end is exclusive. */
    days: (from, to) => range.formatRange(new Date(from), new Date(Date.parse(to) - 1)),
  };
}

function zoneOrUtc(timezone) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone && timezone;
  } catch {
    return "UTC";
  }
}

/** Money in one currency: every digit the API gave, at least those of the currency's minor unit. */
export function purse(currency) {
  const usual = new Intl.NumberFormat(LOCALES, { style: "currency", currency });
  const minorDigits = usual.resolvedOptions().maximumFractionDigits;
  const formats = new Map();

  const formatOf = (amount) => {
    const digits = Math.max(minorDigits, Math.min((amount.split(".")[1] ?? "").length, NANO_DIGITS));
    if (!formats.has(digits)) {
      const options = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat(LOCALES, options));
    }
    return formats.get(digits);
  };

  /** [text, isBeyondTheMinorUnit] pairs, so that the last digits can be set more quietly. */
  const parts = (amount) =>
    formatOf(amount).formatToParts(amount).flatMap(({ type, value }) =>
      type === "fraction" && value.length > minorDigits
        ? [[value.slice(0, minorDigits), false], [value.slice(minorDigits), true]]
        : [[value, false]],
    );
  return { currency, minorDigits, parts, text: (amount) => formatOf(amount).format(amount) };
}

/** An amount a person typed -> "50.00", null for nothing, undefined where it is no plain amount. */
export function typedAmount(text, minorDigits) {
  const bare = text.replace(/\s/gu, "");
  if (!bare) return null;
  const [matched, whole, part = ""] = /^(\d{1,9})(?:[.,](\d+))?$/.exec(bare) ?? [];
  if (!matched || part.length > minorDigits) return undefined;
  return minorDigits ? `${Number(whole)}.${part.padEnd(minorDigits, "0")}` : String(Number(whole));
}

/** "50.00" as a person of this locale would type it. */
export function typeable(amount) {
  const separator = new Intl.NumberFormat(LOCALES).formatToParts(1.5).find(({ type }) => type === "decimal");
  return amount === null ? "" : amount.replace(".", separator?.value ?? ".");
}

const ONE_DIGIT_CODES = /^[17]/;
const TWO_DIGIT_CODES = /^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** E.164 digits -> "+44 770 090 0123"; extensions and short numbers stay as they are. */
export function number(digits) {
  if (!digits) return "Number withheld";
  if (!/^[1-9]\d{4,}x*$/.test(digits) || digits.length < 8) return digits;
  const codeLength = ONE_DIGIT_CODES.test(digits) ? 1 : TWO_DIGIT_CODES.test(digits) ? 2 : 3;
  const rest = digits.slice(codeLength).replace(/(.{3})(?=.{3})/g, "$1 ");
  return `+${digits.slice(0, codeLength)} ${rest}`;
}

/** A whole E.164 number can be dialled; a masked, short or withheld one cannot. */
export const isDiallable = (digits) => /^[1-9]\d{7,14}$/.test(digits ?? "");

/** "uk-landline" -> "UK landline". */
export function groupName(group) {
  const [first, ...others] = group.split("-");
  const head = first.length === 2 ? first.toUpperCase() : first.charAt(0).toUpperCase() + first.slice(1);
  return [head, ...others].join(" ");
}
