// What the user is told while looking elsewhere: a count in the title, and a notification where that is allowed.

const TITLE = "Chat";
const SHOWN = 200; // characters of a message in a notification

export class Attention {
  #count = 0; // mentions and whispers
  #hasOther = false;

  constructor() {
    this.button = document.getElementById("notify");
    this.button.addEventListener("click", async () => {
      await Notification.requestPermission();
      this.#offer();
    });
    this.#offer();
    const look = () => this.isHere && this.read();
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
  }

  get isHere() {
    return !document.hidden && document.hasFocus();
  }

  read() {
    [this.#count, this.#hasOther] = [0, false];
    this.#draw();
  }

  // `name` said something; `bell` says which of it rings.
  came(name, text, isMention, isWhisper, bell) {
    if (this.isHere) return;
    this.#count += Number(isMention || isWhisper);
    this.#hasOther = true;
    this.#draw();
    const rings = bell === "all" || (bell === "whisper" && isWhisper) || (bell !== "off" && isMention);
    if (rings && this.#may === "granted") this.#notify(name, text.slice(0, SHOWN));
  }

  #notify(name, body) {
    const shown = new Notification(name, { body, tag: "chat" });
    shown.onclick = () => {
      focus();
      shown.close();
    };
  }

  get #may() {
    return "Notification" in window && isSecureContext ? Notification.permission : "denied";
  }

  #offer() {
    this.button.hidden = this.#may !== "default";
  }

  #draw() {
    document.title = this.#count ? `(${this.#count}) ${TITLE}` : this.#hasOther ? `\u2022 ${TITLE}` : TITLE;
  }
}
