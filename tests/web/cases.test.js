// tests/cases/client.json, as the page does it; tests/unit/client/test_cases.py runs the same file.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { JoinsLine, links, mentions, NameColors, textOf } from "../../web/render.js";
import { clean } from "../../web/sanitize.js";
import { Session } from "../../web/session.js";

const cases = JSON.parse(readFileSync(new URL("../cases/client.json", import.meta.url), "utf-8"));

class Player {
  session = new Session("0123456789abcdef");

  plays(step) {
    const { send = [], show = [] } = this.#outcome(step) ?? {};
    const played = { sends: send, shows: show.map(textOf) };
    return step.is ? { ...played, is: this.#known(Object.keys(step.is)) } : played;
  }

  #outcome(step) {
    const session = this.session;
    if (step.hello) return { send: [session.hello(step.hello)] };
    if (step.return) return { send: [session.again()] };
    if (step.hear) return session.receive(step.hear, 1);
    if (step.type !== undefined) return session.typed(step.type, 1);
    if (step.name !== undefined) return session.typed(step.name, 1, { isName: true });
    if (step.answer !== undefined) return session.answer(step.answer, step.question ?? session.secret);
    if (step.lose) session.lost();
    return null;
  }

  #known(keys) {
    const session = this.session;
    const known = {
      name: session.name,
      online: session.online,
      clear: session.isClear,
      asked: session.question,
      "may return": session.mayReturn,
      others: session.others,
      users: session.roster.count,
      "reply to": session.replyTo,
      waiting: session.waiting.map(({ line }) => session.commands.withoutPassword(line.text)),
      away: session.away,
      operator: session.isOperator,
    };
    return Object.fromEntries(keys.map((key) => [key, known[key]]));
  }
}

for (const one of cases.conversations) {
  test(`conversation: ${one.name}`, () => {
    const player = new Player();
    for (const step of [...cases.beginnings[one.from], ...one.steps]) {
      const expected = { sends: step.sends ?? [], shows: step.shows ?? [], ...(step.is && { is: step.is }) };
      assert.deepEqual(player.plays(step), expected, JSON.stringify(step));
    }
  });
}

test("settings of the page, which are not all that the client has", () => {
  const player = new Player();
  cases.beginnings.chatting.forEach((step) => player.plays(step));
  const [all] = player.plays({ type: "/set" }).shows;
  assert.deepEqual(all.split("\n").map((line) => line.split(" ")[0]), ["bell", "times", "joins"]);
  for (const wrong of ["sound on", "constructor x"]) {
    const why = `! There is no setting ${wrong.split(" ")[0]}, but: bell, times, joins. Usage: /set [SETTING]`;
    assert.deepEqual(player.plays({ type: `/set ${wrong}` }).shows, [why]);
  }
});

test("mentions", () => {
  for (const { me, text, found } of cases.mentions) {
    const pieces = mentions(text, me);
    assert.deepEqual(pieces.filter(([, isMe]) => isMe).map(([piece]) => piece), found, text);
    assert.equal(pieces.map(([piece]) => piece).join(""), text);
  }
});

test("links", () => {
  for (const { text, found } of cases.links) {
    const pieces = links(text);
    assert.deepEqual(pieces.filter(([, isLink]) => isLink).map(([piece]) => piece), found, text);
    assert.equal(pieces.map(([piece]) => piece).join(""), text);
  }
});

test("cleaned text", () => {
  for (const { text, cleaned } of cases.cleaned) assert.equal(clean(text), cleaned, JSON.stringify(text));
});

for (const one of cases.joins) {
  test(`joins: ${one.name}`, () => {
    const folding = new JoinsLine();
    assert.deepEqual(one.events.map((event) => folding.takes(event)), one.takes);
    const line = folding.line("ann");
    assert.equal(line && textOf(line), one.line);
  });
}

test("colours of names", () => {
  const colors = new NameColors();
  assert.deepEqual(cases.colors.map(([name]) => [name, colors.of(name)]), cases.colors);
});
