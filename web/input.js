// The line being typed: Enter sends it, Tab completes it, what may follow stands faintly behind it, and a doubtful line
// stays until Enter is pressed again.

import { asMeant, candidates, doubt, hint } from "./commands.js";
import { element } from "./nodes.js";

const PAUSE = 700; // ms without an Enter that make the next one a decision
const OFFERED = 8; // completions that are shown at a time
const WAITS = "This waits until the server has answered what was before.";
const KEPT = 100; // lines that the arrows bring back

export class Input {
  #held = null; // {text, at, doubt}: the line that Enter did not send
  #waits = null; // the text that is entered, and can't be said yet
  #walk = null; // {all, at, start}: what Tab walks through
  #past = [];
  #place = 0;
  #draft = "";

  // `chat()` is the session; `say(line)` takes a line, and returns whether it has to wait.
  constructor(chat, say) {
    [this.chat, this.say] = [chat, say];
    for (const id of ["composer", "line", "ghost", "notice", "offers"]) this[id] = document.getElementById(id);
    this.composer.addEventListener("submit", (event) => this.#submit(event));
    this.line.addEventListener("keydown", (event) => this.#pressed(event));
    this.line.addEventListener("input", () => this.#changed());
    addEventListener("resize", () => this.#draw()); // its height depends on the width
    const send = document.getElementById("send");
    send.addEventListener("pointerdown", (event) => event.preventDefault()); // a phone keeps its keyboard
  }

  focus() {
    this.line.focus();
  }

  // Begin a line for the user.
  begin(text) {
    this.#set(text);
    this.focus();
  }

  tell(text, meant = "") {
    this.notice.replaceChildren(...(text ? [text] : []));
    if (!meant) return;
    const button = element("button", "", `Make it ${meant.split(" ", 1)[0]} (Alt-/)`);
    button.type = "button";
    button.addEventListener("click", () => this.begin(meant));
    this.notice.append(" ", button);
  }

  // --- keys ---

  #pressed(event) {
    if (event.isComposing) return;
    const keys = {
      Enter: () => !event.shiftKey && this.#submit(event),
      Tab: () => this.#complete(event),
      Escape: () => this.#endOffers(),
      ArrowUp: () => this.#recall(event, -1),
      ArrowDown: () => this.#recall(event, 1),
    };
    if (event.altKey && event.key === "/") this.#makeCommand(event);
    else if (!event.ctrlKey && !event.metaKey && !event.altKey) keys[event.key]?.();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.line.value;
    const { others, replyTo, commands } = this.chat();
    const why = doubt(text, (line) => this.chat().size(line), commands, others, replyTo);
    if (why && !this.#isDecided(text, why)) {
      this.#held = { text, at: Date.now(), doubt: why };
      this.tell(why.notice, why.meant);
      return;
    }
    this.#send(text);
  }

  // Say the lines of `text`; those that have to wait stay in the editor until `goOn`.
  #send(text) {
    const lines = text.split(/[\r\n]+/);
    while (lines.length) {
      if (this.say(lines[0])) break;
      this.#keep(lines.shift());
    }
    this.#set(lines.join("\n"));
    this.#waits = lines.length ? this.line.value : null;
    if (lines.length) this.tell(WAITS);
  }

  // Say what had to wait, if it still stands as it was entered.
  goOn() {
    if (this.#waits !== null && this.#waits === this.line.value) this.#send(this.#waits);
  }

  #isDecided(text, why) {
    const held = this.#held;
    return !why.final && held?.text === text && Date.now() - held.at >= PAUSE;
  }

  #makeCommand(event) {
    const meant = this.#held?.doubt.meant;
    if (!meant) return;
    event.preventDefault();
    this.#set(meant);
  }

  #changed() {
    [this.#held, this.#waits] = [null, null];
    this.#endOffers();
    this.tell("");
    this.#draw();
  }

  #set(text) {
    this.line.value = text;
    this.#changed();
  }

  // Draw what depends on the line: its height, the hint behind it, and whether it is a whisper.
  #draw() {
    const { line } = this;
    const { commands, replyTo } = this.chat();
    const text = line.value;
    line.style.height = "auto";
    line.style.height = `${line.scrollHeight}px`;
    const more = text.includes("\n") ? "" : hint(text, commands);
    this.ghost.replaceChildren(element("span", "", text), more);
    const meant = asMeant(text, true);
    const [, rest] = commands.in(meant);
    const to = commands.is(meant, "reply") ? replyTo : commands.is(meant, "whisper") ? rest.split(" ", 1)[0] : "";
    this.composer.classList.toggle("whispering", to !== "");
    this.composer.dataset.to = to ? `only ${to} will see this` : "";
  }

  // --- completion ---

  #complete(event) {
    const { line } = this;
    if (!this.#walk) {
      const before = line.value.slice(0, line.selectionStart);
      if (!before || line.selectionStart !== line.selectionEnd) return; // Tab leaves an empty line
      const { commands, others, replyTo } = this.chat();
      const all = candidates(before, commands, others, replyTo);
      if (!all.length) return;
      const isReply = all[0].word.startsWith("/whisper ") && commands.is(before, "reply");
      const start = isReply ? 0 : before.lastIndexOf(" ") + 1;
      this.#walk = { all, at: event.shiftKey ? 0 : -1, start, end: before.length };
    }
    event.preventDefault();
    const walk = this.#walk;
    walk.at = (walk.at + (event.shiftKey ? -1 : 1) + walk.all.length) % walk.all.length;
    const { word } = walk.all[walk.at];
    line.setRangeText(word, walk.start, walk.end, "end");
    walk.end = walk.start + word.length;
    this.#draw();
    this.#showOffers();
  }

  #showOffers() {
    const { all, at } = this.#walk;
    this.offers.hidden = all.length < 2;
    const first = Math.max(0, Math.min(at - OFFERED / 2, all.length - OFFERED));
    const rows = all.slice(first, first + OFFERED).map(({ word, meaning = "" }, place) => {
      const row = element("li", "", element("b", "", word.trim()), ` ${meaning}`);
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(first + place === at));
      return row;
    });
    this.offers.replaceChildren(...rows);
  }

  #endOffers() {
    this.#walk = null;
    this.offers.hidden = true;
  }

  // --- lines of before ---

  #keep(line) {
    const kept = this.chat().commands.withoutPassword(line);
    if (kept.trim() && kept === line) this.#past = [...this.#past.slice(1 - KEPT), line];
    this.#place = this.#past.length;
  }

  #recall(event, direction) {
    const { value, selectionStart } = this.line;
    const isEdge = direction < 0 ? !value.slice(0, selectionStart).includes("\n") : !value.slice(selectionStart).includes("\n");
    const place = this.#place + direction;
    if (!isEdge || place < 0 || place > this.#past.length) return;
    event.preventDefault();
    if (this.#place === this.#past.length) this.#draft = value;
    this.#place = place;
    this.#set(this.#past[place] ?? this.#draft);
  }
}
