// Seconds that somebody works on a task: from when it is painted, without hidden tabs and without long pauses.

const LONGEST_PAUSE_MS = 20000;

export class Stopwatch {
  constructor() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.start();
    for (const kind of ["keydown", "pointermove", "pointerdown", "wheel", "touchmove"]) {
      document.addEventListener(kind, () => this.tick(), { passive: true, signal });
    }
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.tick();
      else this.last = performance.now();
    }, { signal });
  }

  stop() {
    this.listening.abort();
  }

  start() {
    this.active = 0;
    this.last = performance.now();
    requestAnimationFrame(() => { this.last = performance.now(); });
  }

  tick() {
    const now = performance.now();
    this.active += Math.min(Math.max(0, now - this.last), LONGEST_PAUSE_MS);
    this.last = now;
  }

  seconds() {
    if (!document.hidden) this.tick();
    return Math.round(this.active) / 1000;
  }
}
