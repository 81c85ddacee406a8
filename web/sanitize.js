// Text from a peer -> text that can be shown to anybody: the steps and limits of protocol/sanitize.py, in its order.

const UNSAFE = "\\0-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\u{d800}-\\u{dfff}";
const IGNORED =
  "\\xad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u200b\\u2060-\\u206f\\u3164\\uffa0\\ufff0-\\ufffb" +
  "\\u{1bca0}-\\u{1bca3}\\u{1d159}\\u{1d173}-\\u{1d17a}\\u{e0080}-\\u{e00ff}\\u{e01f0}-\\u{e0fff}";
const EMOJI =
  "\\xa9\\xae\\u203c-\\u205e\\u20d0-\\u27bf\\u2900-\\u2bff\\u3030\\u303d\\u3297\\u3299\\u{1f000}-\\u{1faff}";
const JOINING =
  "\\u0620-\\u08ff\\u0900-\\u0dff\\u0f40-\\u0fff\\u1000-\\u109f\\u1780-\\u17b3\\u17b6-\\u17d3\\u1820-\\u18aa" +
  "\\ua840-\\ua877\\ua8e0-\\ua8ff\\uaa60-\\uaa7f\\ufb50-\\ufdff\\ufe70-\\ufefc\\u{10a00}-\\u{11fff}";
const HAN = "\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const VARYING =
  `0-9#*${EMOJI}${HAN}\\u1000-\\u109f\\u2190-\\u2bff\\u3001-\\u303f\\uaa60-\\uaa7f\\uff01-\\uff5e`;
const TAGS = "\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}";
const MARKS = "\\p{M}\\u1161-\\u11ff\\u{d7b0}-\\u{d7ff}\\u180e\\u200c\\u200d";
const all = (pattern) => new RegExp(pattern, "gu");

const CONTROLS = all(`[${UNSAFE}]+`);
const DROPPED = all(`[${UNSAFE}${IGNORED}]+`);
const BLANK = /[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]/gu;
const OUT_OF_PLACE = all(
  `(\\u{1f3f4}[${TAGS}]{2,6}\\u{e007f})|[\\u{e0000}-\\u{e007f}]+|(?<![${JOINING}])\\u200c` +
    `|(?<![${JOINING}])(?<![${EMOJI}])(?<![${EMOJI}]\\ufe0f)\\u200d|(?<![${JOINING}])\\u200d(?![${EMOJI}])` +
    `|(?<![${VARYING}])[\\ufe00-\\ufe0f]|(?<![${HAN}])[\\u{e0100}-\\u{e01ef}]|(?<![\\u1820-\\u18aa])[\\u180b-\\u180f]`,
);
const LONG_CHAIN = all(`((?:[${EMOJI}]\\ufe0f?\\u200d){9}[${EMOJI}]\\ufe0f?)\\u200d`);
const BASELESS = all(`(?:^|(?<= ))[${MARKS}]+`);
const TOO_MANY_MARKS = all(`([${MARKS}]{5})[${MARKS}]+`);
const LONG_GAP = / {9,}/g;
const PLAIN = /^[ -~]*$/;

export function clean(text) {
  if (!PLAIN.test(text)) {
    text = text.replace(BLANK, " ").replace(DROPPED, "").replace(OUT_OF_PLACE, "$1").replace(LONG_CHAIN, "$1");
    text = text.replace(BASELESS, "").replace(TOO_MANY_MARKS, "$1");
  }
  return text.replace(LONG_GAP, "        ").trim();
}

// A blank before the slash makes a line talk; an invisible character does not.
export const beginsWithSlash = (line) => line.replace(BLANK, " ").replace(DROPPED, "").startsWith("/");

// Passwords keep every character but controls.
export const printable = (text) => text.replaceAll("\t", " ").replace(CONTROLS, "").trim();

export const bytes = (text) => new TextEncoder().encode(text).length;

export const excerpt = (text) => {
  const letters = [...clean(text.slice(0, 4096))];
  return letters.length <= 40 ? letters.join("") : `${letters.slice(0, 39).join("")}\u2026`;
};
