// What a call costs in words, and why: from its rate, billed and free seconds. Pure; no DOM.
import { decimal, duration, nanos } from "./format.js";

/** late | unanswered | included | nothing | charged */
export function priceKind(call) {
  if (call.status === "late") return "late";
  if (call.status === "unanswered") return "unanswered";
  if (nanos(call.charge) !== 0n) return "charged";
  return call.free_seconds > 0 && call.free_seconds >= call.billed_seconds ? "included" : "nothing";
}

export const isMissed = (call) => call.direction === "inbound" && call.status === "unanswered";

const SENTENCES = {
  late: () => [
    "The price of this service is not known yet. As soon as it is, the call goes on your next bill.",
  ],
  unanswered: () => ["Nobody answered, so it costs nothing."],
  included: (call, money) => [
    `${counted(call)}, all of it covered by your included minutes.`,
    ...(nanos(call.rate) ? [`Without them: ${money.text(call.rate)} a minute.`] : []),
  ],
  nothing: (call) => [NOTHING[call.direction] ?? "Calls to this place cost nothing."],
  charged,
};

const NOTHING = {
  inbound: "Receiving this call costs nothing.",
  internal: "Calls within your own phone system cost nothing.",
};

/** The reasons for a call's price, as sentences. */
export function why(call, money) {
  const sentences = SENTENCES[priceKind(call)](call, money);
  if (call.barred) {
    sentences.push(
      "Calls of this kind are barred for you. This one was made all the same" +
        (nanos(call.charge) ? ", so it had to be charged." : ".") +
        " If you do not know it, please tell your provider.",
    );
  }
  return sentences;
}

function counted(call) {
  const billed = duration(call.billed_seconds);
  if (call.billed_seconds === call.duration_seconds) return `${billed} billed`;
  return `${duration(call.duration_seconds)}, counted as ${billed}`;
}

function charged(call, money) {
  const paid = call.billed_seconds - call.free_seconds;
  const charge = nanos(call.charge);
  const rate = nanos(call.rate);
  const timed = { sentences: byTheMinute(call, money, paid), extra: charge - (rate * BigInt(paid)) / 60n };
  const step = 10n ** BigInt(9 - Math.max(2, (call.charge.split(".")[1] ?? "").length));
  const fee = call.connect_fee === undefined ? null : nanos(call.connect_fee);
  const expected = fee ?? 0n;
  if (rate && abs(timed.extra - expected) <= step) return withFee(timed.sentences, fee, money);
  if (!rate || charge === rate + expected || timed.extra < 0n) {
    return [`A fixed price for each answered call, however long it is: ${money.text(call.charge)}.`];
  }
  return withFee(timed.sentences, timed.extra - (timed.extra % step), money);
}

function byTheMinute(call, money, paid) {
  const rate = `${money.text(call.rate)} a minute`;
  if (!call.free_seconds) return [`${counted(call)} at ${rate}.`];
  return [
    `${counted(call)}: ${duration(call.free_seconds)} covered by your included minutes, ` +
      `the other ${duration(paid)} at ${rate}.`,
  ];
}

function withFee(sentences, fee, money) {
  return fee ? [...sentences, `Connecting the call: ${money.text(decimal(fee))}.`] : sentences;
}

const abs = (value) => (value < 0n ? -value : value);
