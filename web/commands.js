// What was typed: a command, which begins with a slash, or talk; what may follow it; and whether it was meant so.
//
// The table of commands is the server's: it is asked for /help at each welcome, so a command that is new there, or for
// operators, is completed here. OWN is what the page has to know before that, and what it does itself.

import { beginsWithSlash, bytes, clean, excerpt } from "./sanitize.js";

export const LINE_LIMIT = 4096; // bytes
const OWN = [
  ["whisper", ["private", "msg", "w"], "/whisper USER MESSAGE"],
  ["reply", ["r"], "/reply MESSAGE"],
  ["away", [], "/away [TEXT]"],
  ["back", [], "/back"],
  ["nick", ["setname"], "/nick NAME"],
  ["register", [], "/register [PASSWORD]"],
  ["passwd", [], "/passwd [PASSWORD]"],
  ["help", ["cmd"], "/help [COMMAND]"],
  ["history", [], "/history [COUNT]"],
  ["ignore", [], "/ignore [NAME]"],
  ["unignore", [], "/unignore NAME"],
  ["set", [], "/set [SETTING]"],
  ["clear", [], "/clear"],
  ["disconnect", ["quit"], "/disconnect"],
].map(([name, aliases, usage]) => ({ name, aliases, usage, help: "" }));

export const CHOICES = {
  bell: ["off", "mention", "whisper", "all"],
  times: ["on", "off"],
  joins: ["fold", "all", "none"],
};
export const MEANINGS = {
  bell: "when to ring: when your name is mentioned; for whispers, too; for all that is said",
  times: "whether to show when something was said",
  joins: "who comes and goes without a word: in one line, in one each, not at all",
};
export const DEFAULTS = { bell: "mention", times: "on", joins: "fold", ignored: [] };

export const key = (name) => name.toLowerCase();

export class UsageError extends Error {}

export class Commands {
  constructor(rows = OWN) {
    this.rows = rows;
    this.byWord = new Map(rows.flatMap((row) => [row.name, ...row.aliases].map((word) => [word, row])));
  }

  // The command that a line begins with, if we know it, and the rest of the line.
  in(text) {
    const [, word, rest] = /^(\S*)\s*([^]*)$/.exec(text);
    return [text.startsWith("/") ? this.byWord.get(word.slice(1).toLowerCase()) : undefined, rest.trim()];
  }

  is(text, ...names) {
    return names.includes(this.in(text)[0]?.name);
  }

  // Whether the server may answer a line by asking for a password.
  mayAsk(text) {
    const [command, rest] = this.in(text);
    return command?.name === "nick" || (["register", "passwd"].includes(command?.name) && !rest);
  }

  // A line as it may be shown and kept: without the password behind a command that takes one.
  withoutPassword(text) {
    return this.is(text, "register", "passwd") && this.in(text)[1] ? `${text.split(" ", 1)[0]} ...` : text;
  }
}

// A line that does not begin with a slash is talk, so "  /ping" is said; without a name nothing is talk.
export function asMeant(line, hasName) {
  const text = clean(line);
  return hasName && text.startsWith("/") && !beginsWithSlash(line) ? `/${text}` : text;
}

const parameters = (command) => command.usage.split(" ").slice(1);

const usageAs = (command, text) => [text.split(" ", 1)[0].toLowerCase(), ...parameters(command)].join(" ");

export function wrong(why, command, text) {
  return new UsageError(`${why}. Usage: ${usageAs(command, text)}`);
}

// The name that follows a command: one word.
export function nameIn(command, rest, text) {
  if (!rest) throw wrong("NAME is missing", command, text);
  if (/\s/.test(rest)) throw wrong("NAME is one word", command, text);
  return rest;
}

// --- what Tab offers, and the hint behind the cursor --------------------------------------------------------------

// What the last word of `text`, a line up to the cursor, may become, the likeliest first; the latest speaker is first
// among `names`. A word is offered with what follows it.
export function candidates(text, commands, names, whisperer = "") {
  if (whisperer && commands.is(text, "reply") && !text.includes(" ")) {
    return [{ word: `/whisper ${whisperer} `, meaning: "Answer the last whisper." }];
  }
  const begun = key(text.slice(text.lastIndexOf(" ") + 1));
  return offered(text, commands, names).filter(({ word }) => key(word).startsWith(begun));
}

function offered(text, commands, names) {
  if (!text.includes(" ")) return text.startsWith("/") ? words(commands, "/") : names.map((n) => ({ word: `${n}: ` }));
  const [command] = commands.in(text);
  const isFirst = text.split(" ").length === 2;
  const parameter = command && isFirst ? parameters(command)[0] : "";
  if (parameter === "[COMMAND]") return words(commands, "");
  if (parameter === "[SETTING]") return Object.entries(MEANINGS).map(([name, meaning]) => ({ word: `${name} `, meaning }));
  const setting = /^\/set (\w+) \w*$/i.exec(text);
  if (setting) return (CHOICES[setting[1].toLowerCase()] ?? []).map((word) => ({ word }));
  return names.map((name) => ({ word: `${name} ` }));
}

const words = (commands, prefix) =>
  [...commands.byWord].map(([word, row]) => ({ word: `${prefix}${word} `, meaning: row.help }));

// What may follow `text`, a whole line, such as the parameters of its command.
export function hint(text, commands) {
  if (!/^\/\S/.test(text)) return "";
  const [command, rest] = commands.in(text);
  const space = text.includes(" ");
  if (!command) {
    const begun = commands.rows.filter((row) => row.name.startsWith(text.slice(1).toLowerCase()));
    return space || begun.length !== 1 ? "" : begun[0].usage.slice(text.length);
  }
  const missing = parameters(command).slice(rest ? rest.split(/\s+/).length : 0).join(" ");
  return (missing && !text.endsWith(" ") ? " " : "") + missing;
}

// --- lines that may not be meant as they stand --------------------------------------------------------------------

const HIDDEN_SLASH = /^[^\p{L}\p{N}_\s]*[/\\]\s*([\p{L}\p{N}_]+)/u; // \whisper, ./whisper, "/whisper

// Why `text` is not sent at once, in a sentence, and the command that it may have been; null if there is no doubt.
export function doubt(text, size, commands, names, whisperer) {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).filter((line, at, all) => line || at < all.length - 1);
  const longest = Math.max(0, ...lines.map(size));
  if (longest > LINE_LIMIT) {
    const which = lines.length === 1 ? "It" : "The longest line";
    const [has, most] = [longest, LINE_LIMIT].map((number) => number.toLocaleString("en"));
    return { notice: `Not sent: ${which} has ${has} bytes, and ${most} are possible. Shorten it.`, meant: "", final: true };
  }
  if (lines.length > 1) {
    return { notice: `Not sent yet: these are ${lines.length} lines. Enter again sends them all.`, meant: "" };
  }
  const meant = meantBy(text, commands, names, whisperer);
  return meant
    ? { notice: "Not sent yet: it looks like a command, which begins with /. Enter again says it to everyone.", meant }
    : null;
}

function meantBy(text, commands, names, whisperer) {
  const line = clean(text);
  if (beginsWithSlash(text)) return "";
  if (line.startsWith("/")) return line.startsWith("//") ? "" : line;
  const hidden = HIDDEN_SLASH.exec(line);
  if (hidden) {
    const from = hidden[0].length - hidden[1].length;
    return commands.byWord.has(hidden[1].toLowerCase()) ? `/${line.slice(from)}` : "";
  }
  const [command, rest] = commands.in(`/${line}`);
  const word = line.split(" ", 1)[0].toLowerCase();
  const isLikely =
    (word === "whisper" && rest.includes(" ")) ||
    (command?.name === "whisper" && names.map(key).includes(key(rest.split(" ", 1)[0]))) ||
    (command?.name === "reply" && whisperer && rest) ||
    (command?.name === "disconnect" && !rest) ||
    ["register", "passwd"].includes(command?.name);
  return isLikely ? `/${line}` : "";
}

// --- settings ------------------------------------------------------------------------------------------------------

// The settings after a /set, /ignore or /unignore, and a sentence about them.
export function change(settings, command, rest, text) {
  if (command.name === "set") return set(settings, command, rest.toLowerCase(), text);
  if (rest || command.name === "unignore") nameIn(command, rest, text);
  const [name, others] = [excerpt(rest), settings.ignored.filter((one) => one !== key(rest))];
  if (command.name === "unignore") {
    const did = others.length < settings.ignored.length;
    return [{ ...settings, ignored: others }, did ? `You ignore ${name} no more.` : `You did not ignore ${name}.`];
  }
  if (!rest) return [settings, settings.ignored.length ? `You ignore ${settings.ignored.join(", ")}.` : "You ignore nobody."];
  return [{ ...settings, ignored: [...others, key(rest)].sort() }, `You ignore ${name} now. /unignore ${name} ends that.`];
}

function set(settings, command, rest, text) {
  const explained = (name) => `${name} ${settings[name]}  (${CHOICES[name].join(", ")}: ${MEANINGS[name]})`;
  if (!rest) return [settings, Object.keys(CHOICES).map(explained).join("\n")];
  const [name, value = ""] = rest.split(/\s+/, 2);
  const choices = Object.hasOwn(CHOICES, name) ? CHOICES[name] : null;
  if (!choices) throw wrong(`There is no setting ${excerpt(name)}, but: ${Object.keys(CHOICES).join(", ")}`, command, text);
  if (value && !choices.includes(value)) throw wrong(`${name} is one of: ${choices.join(", ")}`, command, text);
  settings = value ? { ...settings, [name]: value } : settings;
  return [settings, explained(name)];
}

export const tooLong = (text) => bytes(text) > LINE_LIMIT;
