// What is shown -> nodes of the page. Text becomes text nodes and nothing else; an address of the web becomes a link.

import { clock, dateOf, links, NameColors } from "./render.js";

const TOGETHER = 300; // seconds between two messages of one author that stand together
const ELEMENTS = { own: "bdi", act: "em", mention: "mark", usage: "code" };

const colors = new NameColors();

const PAUSE = 60; // ms from one drawing to the next: a burst is drawn in few frames, and the keys have the others

// Return a function that has `draw` called once, before the next frame or after a pause; a hidden page has no frames.
export function soon(draw) {
  let [isDue, drawnAt] = [false, 0];
  const run = () => {
    [isDue, drawnAt] = [false, performance.now()];
    draw();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    const pause = drawnAt + PAUSE - performance.now();
    if (document.hidden) setTimeout(run, 200);
    else if (pause > 0) setTimeout(() => (document.hidden ? run() : requestAnimationFrame(run)), pause);
    else requestAnimationFrame(run);
  };
}

export function element(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export const nameNode = (name) => element("bdi", `name c${colors.of(name)}`, name);

// A text in pieces, its links as anchors.
const linked = (text) => links(text).map(([part, isLink]) => (isLink ? anchor(part) : part));

function anchor(address) {
  const made = element("a", "", address);
  made.href = address;
  made.rel = "noopener noreferrer nofollow ugc";
  made.target = "_blank";
  return made;
}

function spanNodes({ text, role }) {
  if (role === "name") return [nameNode(text)];
  return role in ELEMENTS ? [element(ELEMENTS[role], role, ...linked(text))] : linked(text);
}

const isPair = (one, other) => one !== undefined && other !== undefined;
const day = (at) => dateOf(at).toDateString();

// The element of one thing shown: what parts it from the one before, and its row.
export function itemNode(item, before) {
  const parts = [];
  const isNewDay = isPair(before, item) ? day(before.at) !== day(item.at) : day(item.at) !== new Date().toDateString();
  if (isNewDay) parts.push(divider(dateOf(item.at).toLocaleDateString("en-GB", LONG_DAY), "day"));
  if (item.isUnread) parts.push(divider("new", "unread"));
  const [first, ...rest] = item.shown.spans;
  const hasRule = first?.role === "rule";
  if (hasRule) parts.push(divider(first.text.replace(/^-+ | -+\s*$/g, ""), "rule"));
  if (!hasRule || rest.length) parts.push(row(item, hasRule ? rest : item.shown.spans, parts.length ? undefined : before));
  return element("div", "item", ...parts);
}

const LONG_DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };

function divider(text, kind) {
  const made = element("div", `divider ${kind}`, element("span", "", text));
  made.setAttribute("role", "separator");
  return made;
}

function row(item, spans, before) {
  const { kind } = item.shown;
  const made = element("div", `row ${kind}`);
  if (kind === "said" || kind === "whispered") {
    const [who, what] = authorAndText(kind, spans);
    const author = element("span", "who", ...who.flatMap(spanNodes));
    if (isTogether(item, before)) made.classList.add("same");
    if (spans[0].role === "own") made.classList.add("own");
    if (spans.some(({ role }) => role === "mention")) made.classList.add("mentioned");
    made.append(author, body(what), time(item, before));
  } else {
    if (item.shown.event?.type === "help") made.classList.add("help");
    made.append(body(unmarked(spans), item.shown.event), time(item, before));
  }
  return made;
}

// The spans of the author, or of both ends of a whisper, and those of what was said, without the colon between.
function authorAndText(kind, spans) {
  const at = kind === "whispered" ? 3 : 1;
  const [first, ...rest] = spans.slice(at);
  const text = { ...first, text: first.text.replace(/^: ?| /, "") };
  const who = spans.slice(0, at).map((span) => (span.text === " -> " ? { ...span, text: " \u2192 " } : span));
  return [who, text.text ? [text, ...rest] : rest];
}

// A notice or an announcement without the signs that mark it in a terminal.
function unmarked(spans) {
  return spans.map((span, at) => ({ ...span, text: span.text.replace(at ? /\n[*!] /g : /(^|\n)[*!] /g, "\n").replace(at ? "" : /^\n|^\*{3} | \*{3}$/g, "") }));
}

function body(spans, event) {
  const made = element("p", "text");
  made.dir = "auto";
  if (event?.type === "users" && event.names) made.append(...usersNodes(event));
  else if (event?.type === "help" && event.commands) made.append(...helpNodes(spans));
  else made.append(...spans.flatMap(spanNodes));
  return made;
}

function usersNodes({ names, count }) {
  return [`Connected users: ${count}`, element("span", "names", ...names.map((name) => nameNode(name)))];
}

function helpNodes(spans) {
  return spans.filter(({ text }) => text !== "\n").map((span) => {
    return span.role === "usage" ? element("code", "usage", span.text) : element("span", "meaning", span.text.trim());
  });
}

function isTogether(item, before) {
  if (item.shown.kind !== "said" || before?.shown.kind !== "said") return false;
  return before.shown.spans[0].text === item.shown.spans[0].text && item.at - before.at < TOGETHER;
}

function time({ at, shown }, before) {
  const date = dateOf(at);
  const made = element("time", "", clock(date));
  made.dateTime = date.toISOString();
  made.title = date.toLocaleString("en-GB");
  if (before && shown.kind === before.shown.kind && clock(dateOf(before.at)) === clock(date)) made.classList.add("again");
  return made;
}

// A line of ours that the server has not acknowledged yet.
export function waitingNode(name, text) {
  const isCommand = text.startsWith("/") && !text.startsWith("//");
  const said = isCommand ? text : text.replace(/^\/\//, "/");
  return element("div", "row said own pending", element("span", "who", element("bdi", "own", name)), body([{ text: said }]));
}
