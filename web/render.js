// How each event reads: an event -> what is shown, `{kind, spans: [{text, role}], event}`, which the view makes nodes of.
// The sentences are those of client/core/render.py; tests/cases/client.json holds both to them.

import { key } from "./commands.js";

export const COLORS = 16;

export const shown = (kind, ...parts) => ({
  kind,
  spans: parts.map((part) => (typeof part === "string" ? { text: part, role: "text" } : part)),
});
export const textOf = ({ spans }) => spans.map((span) => span.text).join("");
export const isMention = ({ spans }) => spans.some((span) => span.role === "mention");

const name = (text) => ({ text, role: "name" });
const author = (text, me) => ({ text, role: text === me ? "own" : "name" });
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");

const ADDRESS = /[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s<>"/?#:@][^\s<>"]*/gu;
const TRAILING = /[.,:;!?'*_~\u2026\u201d\u2019]+$/u; // belongs to the sentence, not to the address

// `text` in pieces, and of each whether it is an address of the web.
export function links(text) {
  const pieces = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(found);
    if (address.endsWith("//")) continue; // nothing but dots, say
    pieces.push([text.slice(end, index), false], [address, true]);
    end = index + address.length;
  }
  return [...pieces, [text.slice(end), false]].filter(([piece]) => piece);
}

function trimmed(found) {
  let address = found.replace(TRAILING, "");
  while (address.endsWith(")") && address.split(")").length > address.split("(").length) {
    address = address.slice(0, -1).replace(TRAILING, "");
  }
  return address;
}

// `text` in pieces, and of each whether it is `me` as a word of its own. A name may hold hyphens, so "ann" is no word of
// "ann-marie"; behind it one may stand for a dash. Within an address it is meant for nobody.
export function mentions(text, me) {
  if (!me) return [[text, false]];
  const [word, own] = ["[\\p{L}\\p{N}_]", escaped(me).replaceAll("\\-", "-")];
  const pattern = new RegExp(`(?<!${word})(?<!${word}-)(${own})(?!${word})(?!-${word})`, "giu");
  const found = ([part, isLink]) => (isLink ? [part] : part.split(pattern)).map((piece, at) => [piece, at % 2 === 1]);
  return links(text).flatMap(found).filter(([piece]) => piece);
}

const marked = (text, me, role) =>
  mentions(text, me).map(([part, isMe]) => ({ text: part, role: isMe ? "mention" : role }));

const actIn = (text) => (text.startsWith("/me ") ? text.slice(4) : null);

function said(event, me) {
  const [who, others, act] = [author(event.name, me), event.name === me ? "" : me, actIn(event.text)];
  return act === null
    ? shown("said", who, ...marked(`: ${event.text}`, others, "text"))
    : shown("said", who, " ", ...marked(`*${act}*`, others, "act"));
}

function whispered(event, me) {
  const [from, to] = [event.name, event.to].map((who) => (who === me ? { text: "you", role: "own" } : name(who)));
  return shown("whispered", from, " -> ", to, `: ${event.text}`);
}

function missed({ missed: count }) {
  return shown(
    "notice",
    count
      ? `* Messages that you missed and that can't be had any more: ${count}`
      : "* The server has begun anew: what you may have missed can't be had any more.",
  );
}

function history(event, me) {
  const parts = event.entries.flatMap((entry) => ["\n", `[${minute(entry.at)}] `, ...past(entry, me)]);
  return shown("answer", ...(event.text ? [event.text, ...parts] : parts.slice(1)));
}

function past(entry, me) {
  if (entry.announced) return [announcement(entry)];
  const act = entry.to === undefined ? actIn(entry.text) : null;
  const who = [author(entry.name, me), ...(entry.to === undefined ? [] : [" -> ", author(entry.to, me)])];
  return act === null ? [...who, `: ${entry.text}`] : [...who, " ", { text: `*${act}*`, role: "act" }];
}

const LATEST = 253_402_000_000; // seconds: days before the end of the year 9999
export const dateOf = (at) => new Date(Math.min(at, LATEST) * 1000);
const two = (number) => String(number).padStart(2, "0");
export const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;

function minute(at) {
  const date = dateOf(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`;
}

// What everybody reads when an operator announces `text`: no name can begin like it.
const announcement = ({ name: who, text }) => ({ text: `*** ${who} announces: ${text} ***`, role: "mention" });

const RENDERERS = {
  said,
  whispered,
  announced: (event) => shown("announced", announcement(event)),
  role: ({ operator }) =>
    shown(
      "notice",
      operator ? "* You are an operator: /help operators lists your commands." : "* You are no operator any more.",
    ),
  joined: (event) => shown("notice", "* ", name(event.name), ` has connected. Users here: ${event.count}`),
  left: (event) => shown("notice", "* ", name(event.name), ` has left (${event.reason}). Users here: ${event.count}`),
  renamed: (event, me) =>
    event.name === me
      ? shown("notice", "* You are now ", name(event.name))
      : shown("notice", "* ", name(event.old), " is now ", name(event.name)),
  welcome: (event) =>
    shown(
      "notice",
      "* Welcome, ",
      name(event.name),
      `. You may chat now; /help (or /cmd) lists the commands.\n* Users here: ${event.count}`,
    ),
  ask: (event) => shown("question", event.text),
  history,
  notice: (event) => shown("notice", `* ${event.text}`),
  refused: (event) => refusal(event.text),
  gap: missed,
  goodbye: (event) => shown("notice", event.reason),
  users: (event) =>
    shown("answer", `Connected users: ${event.count}\n`, ...event.names.flatMap((one) => ["  ", name(one)]).slice(1)),
  help: (event) =>
    shown(
      "answer",
      ...event.commands
        .flatMap((row) => ["\n", { text: row.usage, role: "usage" }, `  ${explained(row)}`])
        .slice(1),
    ),
};

function explained({ help, aliases, example }) {
  const also = aliases.length ? ` Also ${aliases.map((alias) => `/${alias}`).join(", ")}.` : "";
  return `${help}${also}${example ? ` For example: ${example}` : ""}`;
}

// How `event` reads for the user called `me`; null for one that is not shown.
export function render(event, me) {
  return Object.hasOwn(RENDERERS, event.type) ? { ...RENDERERS[event.type](event, me), event } : null;
}

export const refusal = (text) => shown("refused", `! ${text}`);
export const answer = (text) => shown("answer", text);
export const pong = (seconds, event) => ({
  ...answer(seconds === null ? "pong" : `pong: ${(seconds * 1000).toFixed(1)} ms`),
  event,
});

const WIDTH = 39;
function rule(text) {
  const room = Math.max(0, WIDTH - text.length - 2);
  return `${"-".repeat(Math.floor(room / 2))} ${text} ${"-".repeat(Math.ceil(room / 2))}`;
}
export const firstMissed = (one) => ({
  ...one,
  spans: [{ text: `${rule("while you were away")}\n`, role: "rule" }, ...one.spans],
});
export const backAgain = (missed_, count) =>
  shown(
    "notice",
    missed_ ? { text: rule(`you are back, users here: ${count}`), role: "rule" } : `* You are back, and missed nothing. Users here: ${count}`,
  );

// --- comings and goings, folded ------------------------------------------------------------------------------------

const EVENTS_LIMIT = 1000; // in one line
const SPEAKERS_LIMIT = 10_000;
const NAMES = 10; // in one list of the line; the rest are counted

// Who comes and goes without a word is shown in one line, which grows as long as nothing else is shown.
export class JoinsLine {
  #folded = [];
  #speakers = new Set();

  get full() {
    return this.#folded.length >= EVENTS_LIMIT;
  }

  // Whether `event` goes into the line, and so needs no other place.
  takes(event) {
    if (["said", "whispered", "announced"].includes(event?.type) || (event?.type === "renamed" && this.#speakers.has(event.old))) {
      if (this.#speakers.size < SPEAKERS_LIMIT) this.#speakers.add(event.name);
    }
    if (!["joined", "left"].includes(event?.type)) return false;
    const wasHeard = this.#speakers.delete(event.name); // who joins under this name later is another user
    if (event.type === "left" && (wasHeard || /^(kicked|banned) by /.test(event.reason))) return false;
    this.#folded.push(event);
    return true;
  }

  line(me) {
    const folded = this.#folded;
    if (folded.length < 2) return folded.length ? render(folded[0], me) : null;
    const names = (type) => [...new Set(folded.filter((e) => e.type === type).map((e) => e.name))];
    const [came, went] = [names("joined"), names("left")];
    const lists = [
      ["connected", came.filter((one) => !went.includes(one))],
      ["left", went.filter((one) => !came.includes(one))],
      ["connected and left", came.filter((one) => went.includes(one))],
    ];
    const told = lists.flatMap(([what, list]) => (list.length ? ["; ", `${what}: `, ...listed(list)] : []));
    return shown("notice", "* ", ...told.slice(1), `. Users here: ${folded.at(-1).count}`);
  }

  unfold(me) {
    const line = this.line(me);
    this.#folded = [];
    return line;
  }
}

function listed(names) {
  const parts = names.slice(0, NAMES).flatMap((one) => [", ", name(one)]).slice(1);
  return names.length > NAMES ? [...parts, ` and ${names.length - NAMES} more`] : parts;
}

// --- colours of names ----------------------------------------------------------------------------------------------

function crc32(text) {
  let crc = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// A name's own colour depends on nothing but the name; where two have the same one, the later takes the next free one.
export class NameColors {
  #given = new Map();

  of(text) {
    const who = key(text);
    if (this.#given.has(who)) return this.#given.get(who);
    let color = crc32(who) % COLORS;
    if (this.#given.size >= COLORS) return color;
    const taken = new Set(this.#given.values());
    while (taken.has(color)) color = (color + 1) % COLORS;
    this.#given.set(who, color);
    return color;
  }
}
