// The log on the page: everything shown lately is an item here, and only a window of the items has nodes.
//
//     items     0 ....... from [ ======= nodes ======= ] to ....... length
//
// So 10,000 messages cost the page what 200 cost. While the reader is at the end, the window follows; nodes are made once
// a frame, of what is in the window by then. Scrolling moves the window by CHUNK and keeps what is being read in place.

import { itemNode, soon, waitingNode } from "./nodes.js";
import { textOf } from "./render.js";

const ROWS = 120; // with nodes while the window follows the end
const MOST_ROWS = 400; // with nodes while the reader scrolls
const CHUNK = 100;
const KEPT = 5000; // items; what is older can be had from the server again
const SAVED = 200; // items that outlive a reload
const NEAR = 400; // pixels from an end at which the window moves
const AT_END = 32; // pixels

export class Log {
  #items = [];
  #from = 0;
  #to = 0;
  #draw = soon(() => this.#drawNow());
  #live = "";
  #follows = true;
  #below = 0; // messages that came below what is being read
  #unread = null; // the item that the unread line stands before
  #top = 0; // where the scroller stood when it was last put to the end

  // `on` has older(), when the first item is in sight.
  constructor(on) {
    this.on = on;
    for (const id of ["scroller", "log", "folded", "waiting", "below", "beginning"]) this[id] = document.getElementById(id);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.below.addEventListener("click", () => this.toEnd());
    addEventListener("keydown", (event) => this.#pressed(event));
    new ResizeObserver(() => this.#follows && this.toEnd()).observe(this.scroller);
  }

  get oldest() {
    return this.#items.find(({ seq }) => seq !== undefined)?.seq;
  }

  get isFull() {
    return this.#items.length >= KEPT;
  }

  // Add what was shown at `at`, in seconds since 1970; `isUnread`: nobody was looking.
  add(shown, at, isUnread = false) {
    const item = itemOf(shown, at);
    if (isUnread && this.#unread === null && item.seq !== undefined) [this.#unread, item.isUnread] = [item, true];
    this.#items.push(item);
    if (!this.#follows && item.seq !== undefined) this.#unseen(this.#below + 1);
    this.#draw();
  }

  // Add what was said before the first item, or, for a newcomer, before the last `count` items. Return how many are new.
  insert(past, count) {
    const known = new Set(this.#items.map(({ seq }) => seq));
    const items = past.map((shown) => itemOf(shown, 0)).filter(({ seq }) => !known.has(seq));
    const place = count === null ? 0 : this.#items.length - count;
    this.#items.splice(place, 0, ...items);
    if (this.#follows) {
      this.#rebuild();
    } else if (place <= this.#from) {
      [this.#from, this.#to] = [this.#from + items.length, this.#to + items.length];
      this.#scrolled();
    }
    return items.length;
  }

  // Say in `text` what stands before the first item.
  tellBeginning(text) {
    this.beginning.textContent = text;
  }

  clear() {
    [this.#items, this.#from, this.#to, this.#unread] = [[], 0, 0, null];
    this.log.replaceChildren();
    this.tellBeginning("");
    this.toEnd();
  }

  // Note that the user has seen everything, and is about to go on: the next unread line may stand elsewhere.
  read() {
    if (!this.#unread) return;
    const at = this.#items.indexOf(this.#unread);
    this.#unread.isUnread = false;
    this.#unread = null;
    if (at >= this.#from && at < this.#to) this.log.children[at - this.#from].replaceWith(this.#node(at));
  }

  // Show what may still change: comings and goings in one line, and our lines on their way.
  live(folded, waiting, name) {
    const state = JSON.stringify([folded && textOf(folded), waiting, name]);
    if (state === this.#live) return;
    this.#live = state;
    const last = this.#items.at(-1);
    const item = folded && itemOf(folded, Date.now() / 1000);
    this.folded.replaceChildren(...(item ? [itemNode(item, last ?? item)] : []));
    this.waiting.replaceChildren(...waiting.map((text) => waitingNode(name, text)));
    if (this.#follows) this.#goDown();
  }

  toEnd() {
    this.#follows = true;
    this.#unseen(0);
    this.#drawNow();
    this.#goDown();
  }

  saved() {
    return this.#items.slice(-SAVED).map(({ shown: { kind, spans, event }, at }) => {
      const { type, seq, name } = event ?? {};
      return { at, shown: { kind, spans, event: { type, seq, name } } };
    });
  }

  #unseen(count) {
    if (count === this.#below && this.below.hidden === this.#follows) return;
    this.#below = count;
    this.below.hidden = this.#follows;
    this.below.textContent = count ? `${count} new ${count === 1 ? "message" : "messages"} below` : "To the newest";
  }

  #pressed({ key, target }) {
    if (key === "PageUp" || key === "PageDown") {
      this.scroller.scrollBy({ top: (key === "PageUp" ? -0.9 : 0.9) * this.scroller.clientHeight });
    } else if (key === "Escape" && target.id === "line") {
      this.toEnd();
    }
  }

  #goDown() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#top = this.scroller.scrollTop;
  }

  // Make the nodes that the window lacks; take away those that it has left behind.
  #drawNow() {
    this.#forget();
    if (!this.#follows) {
      this.#extendDown(Math.min(this.#items.length, this.#from + MOST_ROWS));
      return;
    }
    const from = Math.max(this.#from, this.#items.length - ROWS);
    if (from >= this.#to) {
      this.#rebuild();
      return;
    }
    this.#extendDown(this.#items.length);
    this.#dropTop(from - this.#from);
    this.#goDown();
    this.#fill();
  }

  // Ask for what was before while there is room for it: what does not scroll can't be scrolled up.
  #fill() {
    if (this.#from === 0 && this.scroller.scrollHeight < this.scroller.clientHeight + NEAR) this.on.older();
  }

  #rebuild() {
    const end = this.#items.length;
    [this.#from, this.#to] = [Math.max(0, end - ROWS), end];
    this.log.replaceChildren(...this.#nodes(this.#from, end));
    if (!this.#follows) return;
    this.#goDown();
    this.#fill();
  }

  #extendDown(to) {
    if (to <= this.#to) return;
    this.log.append(...this.#nodes(this.#to, to));
    this.#to = to;
  }

  #extendUp(from) {
    this.#keepPlace(() => {
      this.log.prepend(...this.#nodes(from, this.#from));
      this.#from = from;
    });
  }

  #dropTop(count) {
    for (let left = count; left > 0; left--) this.log.firstChild.remove();
    this.#from += Math.max(0, count);
  }

  #dropBottom(count) {
    for (let left = count; left > 0; left--) this.log.lastChild.remove();
    this.#to -= Math.max(0, count);
  }

  #forget() {
    const count = this.#items.length - KEPT;
    if (count < CHUNK || (!this.#follows && this.#from < count)) return;
    this.#items.splice(0, count);
    this.#dropTop(Math.max(0, count - this.#from));
    [this.#from, this.#to] = [this.#from - count, this.#to - count];
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    const isUp = scrollTop < this.#top - 1; // else the page has grown, and the reader has not moved
    if (left < AT_END && this.#to === this.#items.length) {
      if (!this.#follows) this.toEnd();
    } else if (isUp && this.#follows) {
      this.#follows = false;
      this.#unseen(0);
    }
    if (this.#follows) return;
    if (scrollTop < NEAR) this.#readUp();
    else if (left < NEAR && this.#to < this.#items.length) this.#readDown();
  }

  #readUp() {
    if (this.#from === 0) {
      this.on.older();
      return;
    }
    this.#extendUp(Math.max(0, this.#from - CHUNK));
    this.#dropBottom(this.#to - this.#from - MOST_ROWS);
  }

  #readDown() {
    this.#extendDown(Math.min(this.#items.length, this.#to + CHUNK));
    this.#keepPlace(() => this.#dropTop(this.#to - this.#from - MOST_ROWS));
  }

  // Do something above what is being read, and leave that where it stands.
  #keepPlace(change) {
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    change();
    this.scroller.scrollTop = this.scroller.scrollHeight - before;
  }

  #nodes(from, to) {
    return Array.from({ length: to - from }, (_, at) => this.#node(from + at));
  }

  #node(at) {
    return itemNode(this.#items[at], this.#items[at - 1]);
  }
}

function itemOf(shown, at) {
  const isMessage = ["said", "whispered", "announced"].includes(shown.kind);
  return { shown, at: shown.event?.at ?? at, seq: isMessage ? shown.event?.seq : undefined, isUnread: false };
}
