// What stands around the log: the entrance, the header, the field for passwords, who is here, and the end.
//
// Which of it is seen depends on the session alone, and `draw` makes it so: without a name the entrance, with one the
// room, and over both the question for a password while it stands.

import { element, nameNode } from "./nodes.js";
import { prefer, preference } from "./identity.js";

const REFUSALS_KEPT = 5; // seconds in which a goodbye belongs to the refusal before it

export class Stage {
  question = ""; // how the server asked for a password
  error = ""; // why we were not let in, or not yet
  retryIn = 0; // seconds until the next try at a connection
  #ending = { text: "", at: 0 };
  #shown = ""; // what has the focus: the entrance, the room, the password
  #names = "";

  // `on` has enter(name), answer(password), rejoin(), whisper(name) and draw().
  constructor(on) {
    this.on = on;
    this.last = document.getElementById("ending");
    this.label = document.getElementById("question");
    for (const id of "name entry-error password secret-error status people names banner".split(" ")) {
      this[id] = document.getElementById(id);
    }
    const listen = (id, event, act) => document.getElementById(id).addEventListener(event, act);
    this.name.value = preference("name") ?? "";
    listen("entry", "submit", (event) => this.#enter(event));
    listen("secret", "submit", (event) => this.#answer(event, this.password.value));
    listen("nevermind", "click", (event) => this.#answer(event, ""));
    listen("rejoin", "click", () => this.on.rejoin());
    listen("people", "click", () => this.#toggle());
    listen("theme", "click", toggleTheme);
    listen("roster", "keydown", ({ key }) => key === "Escape" && this.#toggle());
  }

  // Note the server's last words, as far as they say why it closes the connection.
  ending({ type, text, reason }) {
    const isFresh = Date.now() / 1000 - this.#ending.at < REFUSALS_KEPT;
    if (type === "goodbye" && isFresh) return;
    this.#ending = { text: text ?? reason, at: type === "refused" ? Date.now() / 1000 : 0 };
  }

  welcomed() {
    [this.error, this.retryIn] = ["", 0];
    this.#ending = { text: "", at: 0 };
  }

  draw(session) {
    const isOver = session.hasBeenIn && !session.mayReturn && !session.online;
    const place = session.name ? "room" : "entrance";
    const { classList, dataset } = document.body;
    dataset.state = place;
    classList.toggle("offline", session.hasBeenIn && !session.online);
    classList.toggle("over", isOver);
    classList.toggle("asked", session.secret !== 0);
    classList.toggle("no-times", session.settings.times === "off");
    for (const id of ["entrance", "room"]) document.getElementById(id).hidden = id !== place;
    document.getElementById("secret").hidden = session.secret === 0;
    this.banner.hidden = !isOver;
    this.#say(this.last, session.goodbye ? "You have left." : this.#ending.text || "The server has closed this chat.");
    this.#say(this.status, this.#connection(session));
    this.#say(this["entry-error"], this.error);
    this.#say(this["secret-error"], session.refused);
    this.#say(this.label, this.question);
    this.#drawPeople(session);
    this.#focus(session.secret ? "password" : isOver ? "rejoin" : place === "room" ? "line" : "name");
  }

  #say(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  #connection(session) {
    if (session.online) return [session.name, session.isOperator && "operator", session.away && "away"].filter(Boolean).join(", ");
    if (!session.hasBeenIn) return "";
    if (!session.mayReturn) return "left";
    return this.retryIn ? `offline, next try in ${this.retryIn} s` : "offline, trying again";
  }

  // When another thing is to be typed into, it gets the focus; else nobody's focus is touched.
  #focus(id) {
    if (id === this.#shown) return;
    this.#shown = id;
    if (id !== "password") this.password.value = "";
    document.getElementById(id).focus();
  }

  // --- who is here ---

  #drawPeople({ online, roster, others, name }) {
    this.people.hidden = !online;
    this.#say(this.people, roster.count === 1 ? "1 here" : `${roster.count} here`);
    if (this.people.getAttribute("aria-expanded") !== "true") return;
    const names = online ? [name, ...others].sort((one, other) => one.localeCompare(other, "en", { numeric: true })) : [];
    if (names.join() === this.#names) return;
    this.#names = names.join();
    this.names.replaceChildren(...names.map((one) => this.#nameRow(one, one === name)));
  }

  #nameRow(name, isMe) {
    if (isMe) return element("li", "", nameNode(name), " (you)");
    const button = element("button", "", nameNode(name));
    button.type = "button";
    button.title = `Whisper to ${name}`;
    button.addEventListener("click", () => this.on.whisper(name));
    return element("li", "", button);
  }

  #toggle() {
    const isOpen = this.people.getAttribute("aria-expanded") !== "true";
    this.people.setAttribute("aria-expanded", String(isOpen));
    document.getElementById("roster").hidden = !isOpen;
    prefer("roster", isOpen);
    this.#names = "";
    if (isOpen) this.on.draw();
    else this.people.focus();
  }

  // --- forms ---

  #enter(event) {
    event.preventDefault();
    const name = this.name.value.trim();
    if (name) this.on.enter(name);
    else this.name.focus();
  }

  #answer(event, text) {
    event.preventDefault();
    this.password.value = "";
    this.on.answer(text);
  }
}

function toggleTheme() {
  const root = document.documentElement;
  const isDark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = isDark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // storage is blocked: for this time only
  }
}
