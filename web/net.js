// The connection: a WebSocket, and another one when it is lost. It decides when to try, and nothing else.
//
// Waits double from 1 to 30 s, and a random part of each is left out, so that tabs which lost the server together do not
// all come back together. A tab that wakes up, and a machine that is on the network again, try at once. A server that
// owes an answer for 20 s, or that has not even pinged for 75, is gone though the connection seems to stand.

const [FIRST, LONGEST] = [1, 30]; // seconds between two tries
const SILENCE = 20; // seconds without a word while it owes us one
const PING_MISSING = 75; // seconds: the server pings after 30 s of our silence
const CONNECT = 10; // seconds for a connection to be made
const now = () => Date.now() / 1000;

export class Net {
  #socket = null;
  #next = FIRST;
  #retryAt = 0;
  #heardAt = 0;
  #timer = 0;

  // `on` has opened(), heard(message), lost() -> whether to try again, waiting(seconds), and owedSince(heardAt).
  constructor(on) {
    this.on = on;
    setInterval(() => this.#look(), 5000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#hurry();
      this.#look();
    });
  }

  open() {
    clearTimeout(this.#timer);
    this.#retryAt = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/chat`);
    this.#socket = socket;
    this.#heardAt = now();
    socket.onopen = () => this.#is(socket) && this.on.opened();
    socket.onmessage = ({ data }) => this.#is(socket) && this.#heard(data);
    socket.onclose = () => this.#is(socket) && this.#lost();
  }

  send(messages) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    [this.#socket, this.#retryAt] = [null, 0];
    socket?.close();
  }

  // The connection has proved to be good: after it, waits are short again.
  holds() {
    this.#next = FIRST;
  }

  #is(socket) {
    return socket === this.#socket;
  }

  #heard(data) {
    this.#heardAt = now();
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not this server's
    }
    if (typeof message?.type === "string") this.on.heard(message);
  }

  #lost() {
    this.#socket = null;
    if (!this.on.lost()) return;
    this.#retryAt = now() + this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, LONGEST);
    this.#countDown();
  }

  #countDown() {
    const left = Math.ceil(this.#retryAt - now());
    if (left <= 0) {
      this.on.waiting(0);
      this.open();
      return;
    }
    this.on.waiting(left);
    this.#timer = setTimeout(() => this.#countDown(), 1000);
  }

  #hurry() {
    if (this.#retryAt) this.open();
  }

  // Give up a connection that only seems to stand.
  #look() {
    const socket = this.#socket;
    if (!socket) return;
    const patience = socket.readyState === WebSocket.CONNECTING ? CONNECT : PING_MISSING;
    const isOwed = this.on.owedSince(this.#heardAt) + SILENCE < now();
    if (!isOwed && this.#heardAt + patience > now()) return;
    socket.onclose = null;
    socket.close();
    this.#lost();
  }
}
