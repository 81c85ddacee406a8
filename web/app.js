// The page: the session decides, the connection carries, the log shows, the input is typed into. This file ties them.
//
//     input, forms --> session.typed ----> step {send, show} ---> net.send, log.add
//     net -----------> session.receive --> the same
//
// What has to outlive a reload is stored before it is sent, so that no line is lost and none is said twice.

import { Attention } from "./attention.js";
import { DEFAULTS, key } from "./commands.js";
import { another, identify, keepLines, keepLog, prefer, preference } from "./identity.js";
import { Input } from "./input.js";
import { Log } from "./log.js";
import { Net } from "./net.js";
import { soon } from "./nodes.js";
import { isMention, JoinsLine, render, textOf } from "./render.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";

const WINDOW = 16; // lines on their way at a time
const OLDER = 100; // messages that are asked for when the reader scrolls up
const SNAPSHOT = 2000; // ms between two looks whether the log has to be stored again
const MESSAGES = ["said", "whispered", "announced"];
const ASKS = ["/users", "/help"]; // at each welcome, for the list of names and for completion
const UNREACHABLE = "The server can't be reached. Is it running? Try again.";

const typeOf = ({ to, announced }) => (announced ? "announced" : to === undefined ? "said" : "whispered");
const now = () => Date.now() / 1000;

class App {
  session;
  settings = { ...DEFAULTS, ...preference("settings") };
  #joins = new JoinsLine();
  #history = []; // the parts so far of one that is not complete
  #sinceWelcome = 0; // items in the log since the last welcome
  #older = "unknown"; // "asked", "none": what was said before the first item
  #entering = ""; // the name to come in by, when the connection stands
  #kept = "";
  #isStored = true;
  #draw = soon(() => this.#drawNow());

  constructor() {
    this.stage = new Stage({
      enter: (name) => this.#enter(name),
      answer: (text) => this.#carryOut(this.session.answer(text, this.session.secret)),
      rejoin: () => this.#rejoin(),
      whisper: (name) => this.input.begin(`/whisper ${name} `),
      draw: () => this.#draw(),
    });
    this.attention = new Attention();
    this.log = new Log({ older: () => this.#askOlder() });
    this.input = new Input(() => this.session, (line) => this.#say(line));
    this.net = new Net({
      opened: () => this.#opened(),
      heard: (message) => this.#heard(message),
      lost: () => this.#lost(),
      waiting: (seconds) => this.#waits(seconds),
      owedSince: (heardAt) => this.session.waitsSince(heardAt),
    });
    addEventListener("pagehide", () => this.#store());
    document.addEventListener("visibilitychange", () => document.hidden && this.#store());
    setInterval(() => this.#store(), SNAPSHOT);
  }

  async start() {
    const { clientId, saved, log } = await identify();
    this.#begin(clientId, saved && { ...saved, epoch: log?.epoch ?? "", seq: log?.seq ?? 0 });
    for (const { shown, at } of log?.items ?? []) this.log.add(shown, at);
    if (this.session.hasBeenIn) this.net.open();
    this.#drawNow();
  }

  #begin(clientId, saved = null) {
    this.session = new Session(clientId, { asks: ASKS, settings: this.settings, saved, attempt: Date.now() });
  }

  // --- coming in, and the end ---

  #enter(name) {
    prefer("name", name);
    this.stage.error = "";
    if (this.session.question === "name") {
      this.#carryOut(this.session.typed(name, now(), { isName: true }));
      return;
    }
    this.#entering = name;
    this.net.close();
    this.net.open();
    this.#draw();
  }

  #opened() {
    this.net.send([this.session.hasBeenIn ? this.session.again() : this.session.hello(this.#entering)]);
    this.#draw();
  }

  #lost() {
    const { session } = this;
    session.lost();
    this.#draw();
    if (session.mayReturn) return true;
    if (session.hasBeenIn) {
      keepLines(null);
      keepLog(null);
    } else {
      this.stage.error ||= UNREACHABLE;
    }
    return false;
  }

  #waits(seconds) {
    this.stage.retryIn = seconds;
    this.#draw();
  }

  #rejoin() {
    this.#begin(another());
    [this.#joins, this.#older, this.#kept] = [new JoinsLine(), "unknown", ""];
    this.log.clear();
    this.#drawNow();
  }

  // --- what is typed ---

  // Take a line; return whether it has to wait: because many are on their way, because a password may be asked for, or
  // until we have a name again.
  #say(line) {
    const { session } = this;
    const isClear = !session.online || session.isClear;
    if (session.pending.size >= WINDOW || session.hasLostName || !isClear) return line.trim() !== "";
    const before = session.newest;
    this.#carryOut(session.typed(line, now()));
    if (session.newest > before) {
      this.log.read();
      this.log.toEnd();
    }
    return false;
  }

  // --- what the server sends ---

  #heard(message) {
    const { session } = this;
    const wasOnline = session.online;
    const step = session.receive(message, now());
    if (message.type === "ask") this.stage.question = message.text;
    if ((message.type === "refused" || message.type === "notice") && !session.name) this.stage.error = message.text;
    if (message.type === "refused" || message.type === "goodbye") this.stage.ending(message);
    this.#gather(message, step);
    if (session.online && !wasOnline) this.#welcomed();
    this.#carryOut(step);
    if (session.isClear) this.input.goOn();
  }

  #welcomed() {
    this.net.holds();
    this.stage.welcomed();
    [this.#sinceWelcome, this.#older] = [0, "unknown"];
  }

  // A history comes in parts, and only the last tells by its `cseq` who asked. What nobody typed goes where it belongs in
  // the log; the rest is shown as the answer that it is.
  #gather(message, step) {
    const isPart = message.type === "history";
    if (isPart) this.#history.push([message, step.show]);
    if (isPart && message.cseq === undefined) {
      step.show = [];
      return;
    }
    const [parts, isTyped] = [this.#history, isPart && message.cseq !== 0];
    this.#history = [];
    if (isTyped) step.show = parts.flatMap(([, show]) => show);
    else if (parts.length) this.#insert(parts.flatMap(([part]) => part.entries), isPart);
    else if (this.#older === "asked" && message.cseq === 0 && message.type === "notice") this.#noOlder();
  }

  #insert(entries, isOlder) {
    const { name, settings } = this.session;
    const past = entries
      .filter((entry) => !settings.ignored.includes(key(entry.name)))
      .map((entry) => render({ ...entry, type: typeOf(entry) }, name));
    const added = this.log.insert(past, isOlder ? null : this.#sinceWelcome);
    if (isOlder && added) this.#older = "unknown";
    else if (isOlder) this.#noOlder();
  }

  #noOlder() {
    this.#older = "none";
    this.log.tellBeginning("Nothing older is known.");
  }

  #askOlder() {
    const { oldest } = this.log;
    if (oldest === undefined || this.#older !== "unknown" || !this.session.online || this.log.isFull) return;
    this.#older = "asked";
    this.net.send(this.session.older(oldest, OLDER).send);
  }

  // --- both ---

  #carryOut(step) {
    this.#keep(); // before anything is sent
    this.net.send(step.send);
    if (step.clears) this.log.clear();
    if (step.keep) prefer("settings", (this.settings = step.keep));
    for (const one of step.show) this.#show(one);
    this.#draw();
  }

  #keep() {
    const { session } = this;
    if (!session.name || !session.mayReturn) return;
    const text = JSON.stringify(session.saved());
    if (text === this.#kept) return;
    this.#kept = text;
    keepLines(text);
  }

  #store() {
    const { session } = this;
    if (this.#isStored || !session.name || !session.mayReturn) return;
    this.#isStored = true;
    keepLog(JSON.stringify({ epoch: session.epoch, seq: session.seq, items: this.log.saved() }));
  }

  #show(one) {
    const { name, settings: { joins } } = this.session;
    if (!name || one.kind === "question") return; // the entrance and the password field say it
    this.#isStored = false;
    const folded = this.#joins;
    const lines = folded.full ? [folded.unfold(name)] : [];
    if (!folded.takes(one.spans[0]?.role === "rule" ? null : one.event)) lines.push(folded.unfold(name), one);
    else if (joins !== "fold") lines.push(...[folded.unfold(name)].filter(() => joins === "all"));
    for (const line of lines) if (line) this.#add(line);
  }

  #add(one) {
    const { attention, session } = this;
    const isOthers = MESSAGES.includes(one.event?.type) && one.event.name !== session.name;
    this.log.add(one, now(), isOthers && !attention.isHere);
    this.#sinceWelcome++;
    if (isOthers) attention.came(one.event.name, textOf(one), isMention(one), one.kind === "whispered", session.settings.bell);
  }

  #drawNow() {
    const { session } = this;
    this.stage.draw(session);
    const folded = session.settings.joins === "fold" ? this.#joins.line(session.name) : null;
    const waiting = session.waiting.map(({ line }) => session.commands.withoutPassword(line.text));
    this.log.live(folded, session.name ? waiting : [], session.name);
  }
}

new App().start();
