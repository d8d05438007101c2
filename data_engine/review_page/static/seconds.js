// Seconds that somebody works on a task: from when it is painted, without hidden tabs and without long pauses.
// Of every pause the first 20 s count as active, the rest as idle; what passes without a key or a movement while a mask
// is predicted, as waiting.

const LONGEST_PAUSE_MS = 20000;

export class Stopwatch {
  constructor() {
    this.listening = new AbortController();
    this.nWaiting = 0;
    const { signal } = this.listening;
    this.start();
    for (const kind of ["keydown", "pointermove", "pointerdown", "wheel", "touchmove"]) {
      document.addEventListener(kind, () => this.tick(), { passive: true, signal });
    }
    document.addEventListener("visibilitychange", () => this.tick(!document.hidden), { signal });
  }

  stop() {
    this.listening.abort();
  }

  start() {
    this.active = this.idle = this.waiting = 0;
    this.before = { active: 0, idle: 0, waiting: 0 };
    this.last = performance.now();
    requestAnimationFrame(() => { this.last = performance.now(); });
  }

  // A prediction is asked for (1) or has come (-1).
  wait(change) {
    this.tick();
    this.nWaiting += change;
  }

  tick(wasHidden = false) {
    const now = performance.now();
    const passed = Math.max(0, now - this.last);
    const counted = wasHidden ? 0 : Math.min(passed, LONGEST_PAUSE_MS);
    if (this.nWaiting && !wasHidden) this.waiting += counted;
    else this.active += counted;
    this.idle += passed - counted;
    this.last = now;
  }

  seconds() {
    if (!document.hidden) this.tick();
    return Math.round(this.active) / 1000;
  }

  // What passed since the last call, in seconds.
  lap() {
    if (!document.hidden) this.tick();
    const { active, idle, waiting } = this;
    const passed = { active_s: active - this.before.active, idle_s: idle - this.before.idle, waiting_s: waiting - this.before.waiting };
    this.before = { active, idle, waiting };
    return Object.fromEntries(Object.entries(passed).map(([name, ms]) => [name, Math.max(0, Math.round(ms) / 1000)]));
  }
}
