// One conversation: what was typed and what the server sends -> what to send and what to show. No page, no clock.
//
// It keeps the promise of client/core/session.py, and tests/cases/client.json holds both to it. Every line has a number, its
// `cseq`, and stays in `pending` until the server answers or echoes it. When the connection is lost, `again` begins
// another one where this one stopped: the server repeats what was missed, and we repeat every pending line under the
// number that it had, so that the server knows those that it has heard already. What comes twice because of that is
// recognised by its `seq` and shown once. `saved` is what a reloaded tab needs to go on like that.
//
// A password is never a line. It answers one question, known by its number, and is dropped if another question stands
// by then, or none. While a line is unanswered that the server may answer by asking for a password, `isClear` is false:
// until then nobody knows whether what is typed next is talk.

import { asMeant, change, Commands, DEFAULTS, key, LINE_LIMIT, nameIn, UsageError, wrong } from "./commands.js";
import { answer, backAgain, firstMissed, pong, refusal, render } from "./render.js";
import { bytes, clean, excerpt, printable } from "./sanitize.js";
import { Roster } from "./roster.js";

const UNSEEN = 0; // the number of a line that is the page's own business: its answer is noted and not shown
const AUTHORS = { said: "name", whispered: "name", announced: "name", joined: "name", left: "name", renamed: "old" };
const OUTCOMES = ["welcome", "ask", "refused", "notice", "renamed", "goodbye"]; // what may come of a password
const NAME_LOSSES = ["name-claimed", "name-lost"]; // its owner has come, or somebody else had it at another server
const LOCAL = ["set", "ignore", "unignore", "clear"];

const TOO_LONG = `That line was longer than ${LINE_LIMIT} bytes and was dropped. Send it in parts.`;
const NO_WHISPER_YET = "Nobody has whispered to you yet, so there is nobody to reply to.";
const PASSWORD_ASKED =
  "A password was asked for, and that line was nearly said to everyone. Answer the question, or press Enter.";
const SECRET_DROPPED =
  "That was typed as a password that is no longer asked for, and was dropped. Press Enter to go on.";
const nameGone = (line) => `You have no name now: /nick NAME takes one. Not sent: ${line}`;
const leftSince = (name) =>
  `${name} has left; anyone who has that name now is somebody else. /users shows who is connected.`;
const replyOutdated = (line) =>
  `The server has begun anew, so that name may be somebody else's now. Not sent again: ${line}`;

const step = (parts = {}) => ({ send: [], show: [], clears: false, keep: null, ...parts });

// Every text in an event, cleaned: the server may be hostile, too.
function cleaned(value) {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, cleaned(part)]));
}

export class Session {
  // `asks` are the lines that are sent at each welcome, unseen; `saved` is what another session left behind. This client's
  // connections are counted from `attempt` on, a number above those of an earlier session.
  constructor(clientId, { asks = [], settings = DEFAULTS, saved = null, attempt = 0 } = {}) {
    this.clientId = clientId;
    this.attempt = attempt;
    this.asks = asks;
    this.settings = settings;
    this.commands = new Commands();
    this.roster = new Roster();
    this.name = saved?.name ?? ""; // as the server gave it
    this.phase = saved?.name ? "offline" : "entering"; // chatting, offline, returning
    this.goodbye = ""; // "typed": sent when every line is answered; "sent"
    this.dismissal = ""; // the server's: "for now", "for good"
    this.away = saved?.away ?? ""; // the line that said so, for a server that forgot it
    this.pending = new Map((saved?.pending ?? []).map((line) => [line.cseq, { line, typedAt: -Infinity }]));
    this.newest = saved?.newest ?? 0; // the number of our newest line
    this.sent = saved?.sent ?? 0; // lines up to this number may have reached a server
    this.epoch = saved?.epoch ?? ""; // names the server's log
    this.seq = saved?.seq ?? 0; // the newest number in it that we have seen
    this.whisperer = saved?.whisperer ?? null; // the last one: {name, asOf}; asOf is null once they left
    this.isOperator = false;
    this.question = ""; // "name", "password"
    this.secret = 0; // the number of the question for a password that stands
    this.refused = ""; // why we were not let in
    this.roundTrip = null; // seconds
    this.cameAt = 0;
    this.hasMissed = false;
    this.password = "";
    this.mayOffer = false; // the password, by this connection
    this.questions = 0;
    this.isChecked = false; // a password was sent, and what came of it is not known yet
    this.askingLine = -1; // the newest line that the server may answer by asking for a password
    this.welcomedAt = 0;
  }

  // What a reloaded page needs to go on, but for the log and its place in it, which belong together; never a password.
  saved() {
    const { name, away, newest, sent, whisperer } = this;
    const lines = this.waiting.filter(({ line }) => !this.commands.is(line.text, "register", "passwd"));
    return { name, away, newest, sent, whisperer, pending: lines.map(({ line }) => line) };
  }

  get online() {
    return this.phase === "chatting";
  }

  get hasBeenIn() {
    return this.phase !== "entering";
  }

  // Whether our name is gone: until we have another, no line is sent or answered.
  get hasLostName() {
    return this.hasBeenIn && !this.name;
  }

  get mayReturn() {
    return this.hasBeenIn && this.goodbye !== "sent" && this.dismissal !== "for good";
  }

  get isClear() {
    return Boolean((this.name && !this.#awaitsSecret()) || this.question || this.goodbye);
  }

  get waiting() {
    return [...this.pending.values()];
  }

  get others() {
    return this.roster.names().filter((name) => name !== this.name);
  }

  get replyTo() {
    return this.whisperer?.asOf == null ? "" : this.whisperer.name;
  }

  // When the wait for the server's next word began, if it owes us one.
  waitsSince(heardAt) {
    const [oldest] = this.pending.values();
    return oldest ? Math.max(oldest.typedAt, heardAt) : Infinity;
  }

  // How many bytes a line would have on its way.
  size(text) {
    try {
      return bytes(this.#asSent(asMeant(text, this.name !== ""))[0]);
    } catch {
      return 0;
    }
  }

  // --- the connection ---

  hello(name) {
    this.attempt += 1;
    const who = { client_id: this.clientId, attempt: this.attempt };
    return { type: "hello", version: 1, ...who, ...(name && { name: excerpt(name) }) };
  }

  again() {
    this.#abandon();
    this.refused = "";
    [this.phase, this.dismissal, this.mayOffer] = ["returning", "", true];
    const resume = { epoch: this.epoch, seq: this.seq, lines: this.sent };
    return { ...this.hello(this.name), resume };
  }

  lost() {
    if (this.hasBeenIn) this.phase = "offline";
    this.#abandon();
  }

  // --- what is typed ---

  // Where our name was lost, a line may have been begun as talk, and is no name unless it was typed as one: `isName`.
  typed(typed, now, { isName = false } = {}) {
    const text = asMeant(typed, this.name !== "" || (this.hasBeenIn && !isName));
    if (!text) return step();
    const leaves = this.commands.is(text, "disconnect");
    if (this.secret && !leaves) return this.#refuse(PASSWORD_ASKED);
    if (leaves) {
      this.goodbye ||= "typed";
      return this.#leaveIfDue(step());
    }
    try {
      const [command, rest] = this.commands.in(text);
      if (LOCAL.includes(command?.name)) return this.#local(command, rest, text);
      const name = this.name ? "" : this.#nameIn(typed, text, isName);
      if (name) {
        this.#enter();
        return step({ send: [{ type: "name", name: excerpt(name) }] });
      }
      const line = this.#line(typed.startsWith("/") ? printable(typed) : text, now);
      if (this.hasBeenIn && !this.online) return step(); // it goes with the welcome
      this.sent = line.cseq;
      return step({ send: [line] });
    } catch (error) {
      if (error instanceof UsageError) return this.#refuse(error.message);
      throw error;
    }
  }

  // The name in a line that is typed while we have none; "" for a command. Our own was lost: no command is sent.
  #nameIn(typed, text, isName) {
    const isCommand = text.startsWith("/");
    if (!this.hasBeenIn) return isCommand ? "" : text;
    const [command, rest] = this.commands.in(text);
    if (command?.name === "nick") return nameIn(command, rest, text);
    if (isCommand || !isName) throw new UsageError(nameGone(this.commands.withoutPassword(clean(typed))));
    return text;
  }

  // The answer to the question for a password that has this number.
  answer(text, question) {
    if (!question || question !== this.secret) return this.#refuse(SECRET_DROPPED);
    [this.secret, this.isChecked] = [0, true];
    this.#enter();
    this.password = printable(text).slice(0, LINE_LIMIT);
    return step({ send: [{ type: "password", password: this.password }] });
  }

  // Ask for what was said before number `seq`, unseen.
  older(seq, count) {
    const line = { type: "line", text: `/history ${count}`, cseq: UNSEEN };
    return this.online ? step({ send: [{ ...line, as_of: seq - 1, epoch: this.epoch }] }) : step();
  }

  #local(command, rest, text) {
    if (command.name === "clear") {
      if (rest) throw wrong("It takes no parameters", command, text);
      return step({ clears: true });
    }
    const [settings, told] = change(this.settings, command, rest, text);
    this.settings = settings;
    return step({ show: [answer(told)], keep: settings });
  }

  #refuse(text) {
    return step({ show: [refusal(text)] });
  }

  #leaveIfDue(after) {
    if (this.goodbye !== "typed" || (this.pending.size && this.online)) return after;
    this.goodbye = "sent";
    return { ...after, send: [...after.send, { type: "line", text: "/disconnect", cseq: ++this.newest }] };
  }

  #enter() {
    [this.question, this.refused, this.mayOffer] = ["", "", false];
  }

  #line(typed, now) {
    const [text, asOf] = this.#asSent(typed);
    if (bytes(text) > LINE_LIMIT) throw new UsageError(TOO_LONG);
    if (!this.name) this.#enter();
    if (this.commands.is(text, "away", "back")) this.away = this.commands.is(text, "away") ? text : "";
    const line = { type: "line", text, cseq: ++this.newest };
    if (asOf !== null) [line.as_of, line.epoch] = [asOf, this.epoch];
    this.pending.set(line.cseq, { line, typedAt: now });
    if (this.commands.mayAsk(text)) this.askingLine = line.cseq;
    return line;
  }

  // A line as it is sent, a reply made a whisper, and the number at which its addressee had the name.
  #asSent(text) {
    const [command, message] = this.commands.in(text);
    if (command?.name !== "reply") return [text, null];
    if (!message) throw wrong("MESSAGE is missing", command, text);
    if (!this.whisperer) throw new UsageError(NO_WHISPER_YET);
    if (this.whisperer.asOf === null) throw new UsageError(leftSince(excerpt(this.whisperer.name)));
    return [`/whisper ${this.whisperer.name} ${message}`, this.whisperer.asOf];
  }

  #awaitsSecret() {
    return this.isChecked || this.pending.has(this.askingLine);
  }

  #abandon() {
    [this.question, this.askingLine, this.secret, this.isChecked] = ["", -1, 0, false];
  }

  // --- what the server sends ---

  receive(received, now) {
    const event = cleaned(received);
    if (event.type === "ping") return step({ send: [{ type: "pong" }] });
    const settled = this.#settle(event);
    if (event.type !== "renamed" || event.old === this.name) this.#hearsOfQuestion(event);
    if (event.cseq === UNSEEN && event.type === "users") this.roundTrip = now - this.welcomedAt;
    if (settled && settled.typedAt >= this.welcomedAt) this.roundTrip = now - settled.typedAt;
    return this.#leaveIfDue(this.#followed(event, settled, now));
  }

  #followed(event, settled, now) {
    if (event.type === "pong") return step({ show: [pong(settled ? now - settled.typedAt : null, event)] });
    if (event.type === "welcome") return this.#welcomed(event, now);
    if (event.type === "ask") return this.#asked(event);
    const isRepeat = event.seq !== undefined && event.seq <= this.seq; // and news only if it answers a pending line
    const one = isRepeat ? settled && this.#rendered(event) : this.#noted(event);
    return step({ show: one ? [one] : [] });
  }

  // Of a repeated event only the author gets a `cseq`; of a new one everybody, and the name says whose line it is.
  #settle(event) {
    const who = event[AUTHORS[event.type]];
    const isOurs = who === undefined || who === this.name || this.#precedesUs(event);
    if (event.cseq == null || !isOurs) return null;
    const settled = this.pending.get(event.cseq) ?? null;
    this.pending.delete(event.cseq);
    return settled;
  }

  #precedesUs(event) {
    return event.seq !== undefined && event.seq <= this.cameAt;
  }

  #noted(event) {
    this.seq = event.seq ?? this.seq;
    this.#notes[event.type]?.(event);
    const one = this.#rendered(event);
    if (event.seq === undefined || event.seq > this.cameAt) return one;
    if (event.seq === this.cameAt) return backAgain(this.hasMissed, this.roster.count);
    if (!one || (["joined", "left"].includes(event.type) && event.name === this.name)) return null;
    const isFirst = !this.hasMissed;
    this.hasMissed = true;
    return isFirst ? firstMissed(one) : one;
  }

  #rendered(event) {
    if (event.cseq === UNSEEN) return null;
    const ignores = (name) => name !== this.name && this.settings.ignored.includes(key(name));
    if (["said", "whispered"].includes(event.type) && ignores(event.name)) return null;
    if (event.type === "history") {
      event = { ...event, entries: event.entries.filter((entry) => !ignores(entry.name)) };
    }
    return render(event, this.name);
  }

  #welcomed(event, now) {
    const goesOn = event.resumed === true || excerpt(event.epoch) !== this.epoch; // the server was cut off from others
    const returns = this.phase === "returning" || (this.online && goesOn);
    if (!returns) this.pending.clear(); // what was sent before it had no other answer
    const isResumed = returns && event.resumed === true && excerpt(event.epoch) === this.epoch;
    const outdated = isResumed ? [] : this.#beginAnotherLog();
    this.seq = isResumed ? this.seq : event.seq;
    this.isOperator = false; // it is told next, if we are
    [this.epoch, this.cameAt, this.hasMissed] = [excerpt(event.epoch), event.seq, false];
    [this.name, this.phase, this.roster.count] = [excerpt(event.name), "chatting", event.count];
    [this.question, this.refused, this.welcomedAt, this.sent] = ["", "", now, this.newest];
    const unseen = [...this.asks, ...(this.away ? [this.away] : [])];
    const send = [
      ...unseen.map((text) => ({ type: "line", text, cseq: UNSEEN })),
      ...this.waiting.map(({ line }) => line),
    ];
    return step({ send, show: isResumed ? outdated : [...outdated, this.#rendered(event)] });
  }

  // Give back the replies that wait: the `as_of` of a name is a number of the log before this one.
  #beginAnotherLog() {
    if (this.whisperer) this.whisperer = { ...this.whisperer, asOf: null };
    const outdated = this.waiting.filter(({ line }) => line.as_of !== undefined);
    for (const { line } of outdated) this.pending.delete(line.cseq);
    const told = outdated.map(({ line }) => replyOutdated(line.text)).join("\n! ");
    return told ? [refusal(told)] : [];
  }

  #asked(event) {
    const offered = event.what === "password" && !this.online && this.mayOffer ? this.password : "";
    this.mayOffer = event.what === "password" && !this.online ? false : this.mayOffer;
    if (offered) return step({ send: [{ type: "password", password: offered }] });
    this.question = event.what;
    if (event.what === "password") this.secret = ++this.questions;
    return step({ show: [this.#rendered(event)] });
  }

  // What answers a line of ours says nothing of the password that was given, or of the question for one.
  #hearsOfQuestion(event) {
    if (!OUTCOMES.includes(event.type) || event.cseq != null) return;
    this.isChecked = false;
    if (["welcome", "ask", "goodbye"].includes(event.type)) this.secret = 0;
  }

  #forgetWhisperer(name) {
    if (this.replyTo && key(this.replyTo) === key(name)) this.whisperer = { name, asOf: null };
  }

  #notes = {
    said: (event) => this.roster.spoke(event.name),
    whispered: (event) => {
      this.roster.spoke(event.name);
      const isOurs = event.cseq != null && this.#precedesUs(event); // from when we had another name
      if (event.name !== this.name && !isOurs) this.whisperer = { name: event.name, asOf: event.seq };
    },
    announced: (event) => this.roster.spoke(event.name),
    role: (event) => {
      this.isOperator = event.operator;
    },
    joined: (event) => {
      this.#forgetWhisperer(event.name); // who joins under this name is somebody else
      this.roster.came(event.name, event.count);
    },
    left: (event) => {
      this.#forgetWhisperer(event.name);
      this.roster.left(event.name, event.count);
    },
    renamed: (event) => {
      this.roster.renamed(event.old, event.name);
      if (event.old === this.name && !this.#precedesUs(event)) this.name = excerpt(event.name); // else the welcome knows better
      else if (this.replyTo && key(this.replyTo) === key(event.old)) {
        this.whisperer = { name: event.name, asOf: event.seq };
      }
    },
    users: (event) => this.roster.listed(event.names, event.count),
    help: (event) => {
      if (event.cseq === UNSEEN) this.commands = new Commands(event.commands);
    },
    gap: () => {
      if (this.whisperer) this.whisperer = { ...this.whisperer, asOf: null };
    },
    refused: (event) => {
      if (event.code === "wrong-password") this.password = "";
      const isLost = NAME_LOSSES.includes(event.code);
      if (this.phase === "returning" || isLost) this.name = ""; // the name that we had can't be had any more
      if (!this.name) this.refused = event.text;
    },
    goodbye: (event) => {
      this.dismissal = event.again && this.goodbye !== "sent" ? "for now" : "for good";
    },
  };
}
