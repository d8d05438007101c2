// The tasks that are held: the one on the screen and the next ones, so that nobody waits for them.

import { call, image } from "./api.js";

const RENEW_MS = 60000;
const AGAIN_MS = 3000;
const MOST_HELD = 60;

export class Feed extends EventTarget {
  constructor({ corpus, batch = null, proposed = null, ahead = 4 }, outbox) {
    super();
    Object.assign(this, { corpus, batch, proposed, ahead, outbox });
    this.tasks = [];
    this.isDry = false;
    this.filling = null;
    this.isStopped = false;
    this.problem = "";
    this.timer = setInterval(() => this.renew(), RENEW_MS);
  }

  // Takes tasks until enough are held, or none is left. What is asked for meanwhile is asked again afterwards: the
  // answer on its way may be from before a skip.
  fill() {
    if (this.isStopped) return this.filling;
    this.isWantedAgain = this.filling !== null;
    if (this.isWantedAgain) return this.filling;
    this.filling = this.take().finally(() => {
      this.filling = null;
      if (this.isStopped) return;
      this.dispatchEvent(new Event("change"));
      if (this.isWantedAgain) this.fill();
    });
    return this.filling;
  }

  async take() {
    const waiting = this.outbox.entries().filter((entry) => entry.lease_id);
    const holding = [...this.tasks, ...waiting].map((each) => each.lease_id).slice(0, MOST_HELD);
    const n = this.ahead - this.tasks.length;
    if (n <= 0) return;
    try {
      const { corpus, batch, proposed } = this;
      const { tasks } = await call("POST", "/next", { corpus, batch, proposed, holding, n });
      this.problem = "";
      const known = new Set([...this.tasks, ...waiting].map((each) => each.task_id));
      const fresh = tasks.filter((task) => !known.has(task.task_id));
      if (this.isStopped) {
        giveBack(fresh);
        return;
      }
      this.tasks.push(...fresh);
      this.isDry = fresh.length === 0;
      const size = this.proposed === null ? "full" : "small";
      for (const task of fresh) if (task.is_image) decodeAhead(task, size);
    } catch (error) {
      this.problem = error.message;
      if (error.status === 0 || error.status >= 500) setTimeout(() => this.fill(), AGAIN_MS);
    }
  }

  // The first task is done with: the next one stands there already.
  shift() {
    const task = this.tasks.shift();
    this.fill();
    return task;
  }

  async renew() {
    if (document.hidden) return;
    for (const task of [...this.tasks]) {
      try {
        await call("POST", `/leases/${task.lease_id}/renew`);
      } catch (error) {
        if ([404, 409].includes(error.status)) this.lose(task.task_id);
      }
    }
  }

  // The tasks that are held, as the server has them now: their classes may have changed.
  async refresh() {
    // One that is being taken would fill a list that is empty by now, with the tasks after those that were in it.
    while (this.filling) await this.filling;
    this.tasks = [];
    return this.fill();
  }

  // A task that somebody else has now is shown no longer.
  lose(taskId) {
    const task = this.tasks.find((each) => each.task_id === taskId);
    if (!task) return;
    const isShown = this.tasks[0] === task;
    this.tasks = this.tasks.filter((other) => other !== task);
    if (isShown) this.dispatchEvent(new CustomEvent("lost", { detail: task }));
    this.fill();
  }

  stop() {
    this.isStopped = true;
    clearInterval(this.timer);
    giveBack(this.tasks);
    this.tasks = [];
  }
}

// Loads an image and decodes it before it is shown; the task keeps it, so that the browser does.
function decodeAhead(task, size) {
  image(task.task_id, size).then((address) => {
    task.ahead = new Image();
    task.ahead.src = address;
    return task.ahead.decode();
  }).catch(() => {});
}

function giveBack(tasks) {
  for (const task of tasks) call("POST", `/leases/${task.lease_id}/return`).catch(() => {});
}
