// Answers on their way: kept in the browser until the server has them, so that neither a reload nor a lost connection
// loses one. Each has an id of its own, and the server takes the same one only once.

import { call } from "./api.js";

const SOONEST_MS = 1000;
const LATEST_MS = 15000;
const DRAFT_MS = 400;

export class Outbox extends EventTarget {
  constructor(person) {
    super();
    this.prefix = `review-answer:${person}:`;
    this.draftPrefix = `review-draft:${person}:`;
    this.wait = SOONEST_MS;
    this.problem = "";
    this.isShutOut = false;
    this.sending = null;
    this.begun = new Map();
    addEventListener("pagehide", () => this.sendDrafts());
    addEventListener("online", () => this.flush());
    this.flush();
  }

  entries() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    return keys.map((key) => JSON.parse(localStorage.getItem(key))).sort((a, b) => a.at - b.at);
  }

  add(entry) {
    const kept = { ...entry, submission_id: entry.submission_id || crypto.randomUUID(), at: Date.now() };
    localStorage.setItem(this.prefix + kept.submission_id, JSON.stringify(kept));
    this.changed();
    this.flush();
    return kept;
  }

  // Another answer in the place of one that was given before. One that was never sent is simply changed; one that the
  // server may have is corrected once it says so.
  correct(answer, said, comment) {
    const key = this.prefix + answer.submission_id;
    const waiting = JSON.parse(localStorage.getItem(key) || "null");
    if (waiting && !waiting.tried) {
      localStorage.setItem(key, JSON.stringify({ ...waiting, ...said, comment }));
      this.flush();
    } else {
      this.add({ kind: "correction", annotation_id: answer.annotation_id, task_id: answer.task_id, of: answer.submission_id, ...said, comment });
    }
  }

  // Sends what waits, the oldest first; tries again later when the server cannot be reached.
  flush() {
    if (!this.sending) {
      this.sending = this.sendAll().finally(() => {
        this.sending = null;
        this.changed();
      });
    }
    return this.sending;
  }

  async sendAll() {
    clearTimeout(this.timer);
    for (let entry = this.entries()[0]; entry; entry = this.entries()[0]) {
      try {
        this.replace({ ...entry, tried: true });
        const kept = await this.send(entry);
        this.forget(entry);
        for (const later of this.entries()) {
          if (later.of === entry.submission_id) this.replace({ ...later, annotation_id: kept.annotation_id });
        }
        this.wait = SOONEST_MS;
        this.problem = "";
        this.dispatchEvent(new CustomEvent("kept", { detail: { entry, kept } }));
      } catch (error) {
        if ([404, 409, 422].includes(error.status)) {
          this.forget(entry);
          // What was drawn took long, so it is kept wherever it was refused.
          if (entry.answer) this.keepDraft(entry.task_id, { comment: entry.comment, answer: entry.answer }, entry.kind === "answer");
          this.dispatchEvent(new CustomEvent("refused", { detail: { entry, error } }));
          continue;
        }
        this.isShutOut = error.status === 401;
        this.problem = error.status === 0 ? "offline" : error.message;
        this.timer = setTimeout(() => this.flush(), this.wait);
        this.wait = Math.min(2 * this.wait, LATEST_MS);
        return;
      }
    }
  }

  send(entry) {
    const { label, answer, comment } = entry;
    if (entry.kind === "correction") return call("POST", `/annotations/${entry.annotation_id}/reopen`, { label, answer, comment });
    if (entry.kind === "skip") return call("DELETE", `/leases/${entry.lease_id}?reason=${encodeURIComponent(entry.reason)}`);
    const { lease_id, submission_id, active_s } = entry;
    return call("POST", "/annotations", { lease_id, submission_id, label, answer, comment, active_s });
  }

  replace(entry) {
    localStorage.setItem(this.prefix + entry.submission_id, JSON.stringify(entry));
  }

  forget(entry) {
    localStorage.removeItem(this.prefix + entry.submission_id);
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  // What was begun here, else what the server has of it from before or from another device.
  draft(task) {
    const kept = localStorage.getItem(this.draftPrefix + task.task_id);
    const { comment = "", answer = null } = kept === null ? task.draft || {} : read(kept);
    return { comment: comment || "", answer };
  }

  // What is written while an answer is corrected stays here: the server has drafts of tasks that want an answer.
  keepDraft(taskId, draft, isSent = true) {
    try {
      localStorage.setItem(this.draftPrefix + taskId, JSON.stringify(draft));
    } catch { /* the browser has no room for it, the server has */ }
    if (!isSent) return;
    this.begun.set(taskId, draft);
    clearTimeout(this.drafting);
    this.drafting = setTimeout(() => this.sendDrafts(), DRAFT_MS);
  }

  // An answer takes its draft away, here and at the server.
  dropDraft(taskId) {
    localStorage.removeItem(this.draftPrefix + taskId);
    this.begun.delete(taskId);
  }

  async sendDrafts() {
    clearTimeout(this.drafting);
    for (const [taskId, draft] of [...this.begun]) {
      try {
        await call("PUT", `/tasks/${taskId}/draft`, draft);
      } catch (error) {
        if (error.status === 0 || error.status >= 500) {
          this.drafting = setTimeout(() => this.sendDrafts(), LATEST_MS);
          return;
        }
        this.dispatchEvent(new CustomEvent("lost", { detail: taskId }));
      }
      if (this.begun.get(taskId) === draft) this.begun.delete(taskId);
    }
  }
}

// A draft as it is kept; a page of an earlier version kept the comment alone.
function read(kept) {
  try {
    return Object(JSON.parse(kept));
  } catch {
    return { comment: kept };
  }
}
