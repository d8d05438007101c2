// The player of a task's sound: its bytes are fetched with the token, keys play, stop and seek.

import { h } from "./dom.js";
import { sound } from "./api.js";

const STEP_S = 2;
const KEYS = "Space ArrowLeft ArrowRight Home";

export class Player {
  constructor(taskId) {
    this.audio = h("audio", { controls: true, preload: "auto", "aria-label": "Player", "aria-keyshortcuts": KEYS });
    this.element = h("div", { class: "player" }, this.audio);
    this.isStopped = false;
    sound(taskId).then((address) => this.load(address), () => this.fail());
  }

  load(address) {
    this.address = address;
    if (this.isStopped) this.stop();
    else this.audio.src = address;
  }

  fail() {
    this.element.replaceChildren(h("p", { class: "caption", text: "The sound cannot be played." }));
  }

  // Whether the key was one of the player's.
  key(key) {
    if (key === " ") this.toggle();
    else if (key === "ArrowLeft") this.seek(this.audio.currentTime - STEP_S);
    else if (key === "ArrowRight") this.seek(this.audio.currentTime + STEP_S);
    else if (key === "Home") this.seek(0);
    else return false;
    return true;
  }

  toggle() {
    if (!this.audio.paused) this.audio.pause();
    else this.audio.play().catch(() => {});
  }

  seek(seconds) {
    if (this.audio.duration) this.audio.currentTime = Math.min(Math.max(0, seconds), this.audio.duration);
  }

  // The sound ends where its task is no longer shown, and its bytes go.
  stop() {
    this.isStopped = true;
    this.audio.pause();
    this.audio.removeAttribute("src");
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}
