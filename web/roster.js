// Who is here, as far as the server said, and who of them spoke last.
//
// Each name has a rank: speaking gives the highest so far, coming in silence the lowest. So each event costs the same,
// however many are here, and the names are sorted only when they are read.

const NAMES_LIMIT = 10_000; // more than any room has: a hostile server may send as many as it likes

export class Roster {
  count = 0; // how many are here, by the server's word; we may not know them all
  #ranks = new Map();
  #newest = 0; // the highest rank given so far, and the lowest, negated

  // The latest speaker first.
  names() {
    return [...this.#ranks].sort((one, other) => other[1] - one[1]).map(([name]) => name);
  }

  spoke(name) {
    this.#rank(name, ++this.#newest);
  }

  came(name, count) {
    this.#addSilent(name);
    this.count = count;
  }

  left(name, count) {
    this.#ranks.delete(name);
    this.count = count;
  }

  renamed(old, name) {
    const rank = this.#ranks.get(old);
    this.#ranks.delete(old);
    if (rank === undefined) this.#addSilent(name);
    else this.#rank(name, rank);
  }

  listed(names, count) {
    const known = this.#ranks;
    this.#ranks = new Map();
    for (const name of names) {
      if (known.has(name)) this.#rank(name, known.get(name));
      else this.#addSilent(name);
    }
    this.count = count;
  }

  #addSilent(name) {
    if (!this.#ranks.has(name)) this.#rank(name, -++this.#newest);
  }

  #rank(name, rank) {
    if (this.#ranks.has(name) || this.#ranks.size < NAMES_LIMIT) this.#ranks.set(name, rank);
  }
}
