// Which client this tab is, and what it kept for a reload.
//
// The secret `client_id` is in sessionStorage: a reload is the same client, another tab another one. Duplicating a tab
// copies sessionStorage, so each client holds a lock on its id, and a tab that can't have it becomes another client.
// Locks need a secure context (https, or localhost). Elsewhere tabs ask each other over a BroadcastChannel.

const ID = "chat client";
const LINES = "chat lines";
const LOG = "chat log";
const PATIENCE = 400; // ms: a tab that is being reloaded lets go of its lock within that

function stored(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null;
  }
}

function storeText(storage, name, text) {
  try {
    if (text === null) storage.removeItem(name);
    else storage.setItem(name, text);
  } catch {
    // blocked or full: the tab works, but can't be reloaded without loss
  }
}

const store = (storage, name, value) => storeText(storage, name, JSON.stringify(value));

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const forever = () => new Promise(() => {});

// Whether this tab is the only one that is `id`, from now on.
function claim(id) {
  return navigator.locks ? lock(id) : askOthers(id);
}

function lock(id) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE);
    const held = navigator.locks.request(`chat ${id}`, { signal }, () => {
      resolve(true);
      return forever();
    });
    held.catch(() => resolve(false));
  });
}

function askOthers(id) {
  const channel = new BroadcastChannel("chat clients");
  return new Promise((resolve) => {
    let isOurs = false;
    channel.onmessage = ({ data }) => {
      if (data.id !== id) return;
      if (data.asks && isOurs) channel.postMessage({ id });
      else if (!data.asks) resolve(false);
    };
    channel.postMessage({ id, asks: true });
    setTimeout(() => {
      isOurs = true;
      resolve(true);
    }, PATIENCE / 2);
  });
}

// Return `{clientId, saved, log}`: who this tab is, and what it kept, if it was here before.
export async function identify() {
  const before = stored(sessionStorage, ID);
  if (before && (await claim(before))) {
    return { clientId: before, saved: stored(sessionStorage, LINES), log: stored(sessionStorage, LOG) };
  }
  return { clientId: another(), saved: null, log: null };
}

// Become a client that nobody has been.
export function another() {
  const clientId = newId();
  store(sessionStorage, ID, clientId);
  keepLines(null);
  keepLog(null);
  claim(clientId);
  return clientId;
}

// Both take JSON, or null to forget.
export const keepLines = (text) => storeText(sessionStorage, LINES, text);
export const keepLog = (text) => storeText(sessionStorage, LOG, text);
export const preference = (name) => stored(localStorage, name);
export const prefer = (name, value) => store(localStorage, name, value);
