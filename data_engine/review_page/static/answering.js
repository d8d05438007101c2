// One task after the other: a key answers it and the next one stands there.

import { button, count, h, onKeys, percent, say, sentence } from "./dom.js";
import { Feed } from "./feed.js";
import { Choices } from "./choices.js";
import { framesOf, lookedBeside } from "./frames.js";
import { Player } from "./player.js";
import { Stopwatch } from "./seconds.js";

const REASONS = ["it is unclear", "it is broken or empty", "somebody else knows better"];
const MOST_LAST = 10;
const MOST_SAID = 300;

export function answering(context, View = Answering) {
  const { corpora, outbox, screen, rest, params, go } = context;
  const corpus = corpora.get(rest[0]);
  if (!corpus) {
    go("#/");
    return null;
  }
  if (localStorage.getItem(`review-instructed:${corpus.name}`) !== corpus.question) {
    go(`#/instructions/${encodeURIComponent(corpus.name)}`);
    return null;
  }
  const feed = context.feed || new Feed({ corpus: corpus.name, batch: params.get("batch") }, outbox);
  const view = new View(context, corpus, feed);
  const stopKeys = onKeys((key, event) => view.key(key, event));
  return () => {
    stopKeys();
    view.stop();
  };
}

const isBegun = ({ comment, answer }) => Boolean(comment || answer);

export class Answering {
  constructor({ call, corpora, image, outbox, screen, go }, corpus, feed) {
    Object.assign(this, { call, corpora, image, outbox, screen, go, corpus, feed });
    this.last = [];
    this.again = null;
    this.isSkipping = false;
    this.n = 0;
    this.watch = new Stopwatch();
    this.build();
    this.onFeed = () => { if (!this.shown || this.shown !== this.task()) this.show(); };
    this.onLost = ({ detail }) => this.tell(`The task before wants no answer of yours any more${isBegun(this.outbox.draft(detail)) ? "; what you had begun is kept" : ""}.`, true);
    this.onDraftLost = ({ detail }) => this.feed.lose(detail);
    this.onKept = ({ detail }) => this.kept(detail);
    this.onRefused = ({ detail }) => this.refused(detail);
    feed.addEventListener("change", this.onFeed);
    feed.addEventListener("lost", this.onLost);
    outbox.addEventListener("lost", this.onDraftLost);
    outbox.addEventListener("kept", this.onKept);
    outbox.addEventListener("refused", this.onRefused);
    feed.fill();
    this.show();
    this.loadLast();
  }

  stop() {
    this.keepDraft();
    this.stopPlaying();
    this.watch.stop();
    this.outbox.removeEventListener("lost", this.onDraftLost);
    this.outbox.removeEventListener("kept", this.onKept);
    this.outbox.removeEventListener("refused", this.onRefused);
    this.feed.removeEventListener("change", this.onFeed);
    this.feed.stop();
  }

  task() {
    return this.again ? this.again : this.feed.tasks[0] || null;
  }

  build() {
    this.question = h("h1", { class: "question" });
    this.place = h("p", { class: "quiet small place" });
    this.onward = h("a", { class: "go", hidden: true, "aria-keyshortcuts": "Enter" });
    this.sample = h("div", { class: "task-sample", tabindex: "0", role: "region", "aria-label": "Sample" });
    this.proposal = h("p", { class: "proposal", "aria-live": "polite" });
    this.notice = h("p", { class: "told" });
    this.choices = new Choices(this.corpus, (label) => this.answer(label));
    this.reasons = h("div", { class: "reasons", hidden: true, role: "group", "aria-label": "Why is it skipped?" });
    this.comment = h("input", { type: "text", maxlength: "2000", id: "comment", placeholder: "comment (c), kept with the answer", "aria-label": "Comment" });
    this.comment.addEventListener("input", () => this.keepDraft());
    this.comment.addEventListener("keydown", (event) => { if (["Enter", "Escape"].includes(event.key)) { event.preventDefault(); this.screen.focus(); } });
    this.tools = {
      undo: button("Undo", "u", () => this.undo()),
      skip: button("Skip", "s", () => this.startSkipping()),
      scope: button("Out of scope", "o", () => this.corpus.out_of_scope && this.answer(this.corpus.out_of_scope)),
      score: button("Score", "p", () => this.askScore()),
      play: button("Play", "Space", () => this.player && this.player.toggle(), { hidden: true }),
      zoom: button("Zoom", "z", () => this.zoom()),
      help: button("Instructions", "i", () => this.go(`#/instructions/${encodeURIComponent(this.corpus.name)}`)),
    };
    this.tools.scope.hidden = !this.corpus.out_of_scope;
    this.tools.zoom.hidden = !this.corpus.is_image;
    this.list = h("ol", { class: "last" });
    const last = h("details", { class: "aside", open: matchMedia("(min-width: 900px)").matches },
      h("summary", { text: "Last answers" }), this.list);
    this.area = h("div", { class: "answer-area" }, this.choices.element, this.comment, this.reasons);
    this.screen.append(h("div", { class: "answering" },
      h("div", { class: "work" }, this.question, this.place, this.onward, this.sample, this.proposal,
        this.area, h("div", { class: "tools", role: "group", "aria-label": "Tools" }, Object.values(this.tools)), this.notice),
      last));
  }

  show() {
    const task = this.task();
    this.shown = task;
    this.stopSkipping();
    this.onward.hidden = true;
    this.proposal.textContent = "";
    this.comment.value = task ? this.outbox.draft(task).comment || (task.comment ?? "") : "";
    if (!task) {
      this.showNone();
      return;
    }
    this.screen.firstChild.classList.remove("empty");
    this.question.textContent = task.question;
    this.place.replaceChildren(h("span", { text: this.placeOf(task) }), ...framesOf(task));
    this.showSample(task);
    this.choices.show(task);
    this.screen.firstChild.classList.toggle("many", this.choices.isLong);
    const proposed = task.proposed_label;
    this.proposal.textContent = this.again ? `Your answer is ${task.label}. Choose another class, or Esc to keep it.`
      : proposed ? `Proposed: ${proposed}. Enter takes it.` : "";
    this.tools.score.disabled = !proposed;
    this.watch.start();
  }

  placeOf(task) {
    if (this.again) return `your answer, to change it · ${task.batch_id}`;
    const said = [`${count(this.n, "answer")} in this sitting`, task.batch_id];
    if (task.was_skipped) said.push("you skipped this before, nothing else is left");
    return said.join(" · ");
  }

  showNone() {
    this.question.textContent = this.feed.problem ? "No task can be had now"
      : this.feed.isDry ? `Nothing is left for you${this.corpora.size > 1 ? ` in ${this.corpus.title}` : ""}` : "Looking for tasks…";
    this.place.textContent = this.feed.problem ? `${sentence(this.feed.problem)} It is tried again by itself; Esc goes to the batches.` : (this.feed.isDry ? "Esc goes to the batches; u takes your last answer back." : "");
    this.stopPlaying();
    this.sample.replaceChildren();
    this.choices.show(null);
    this.screen.firstChild.classList.toggle("empty", true);
    this.tools.score.disabled = true;
    if (this.feed.isDry && this.corpora.size > 1) this.offerOnward().catch(() => {});
  }

  // Where this question has nothing left, another one may.
  async offerOnward() {
    const { batches } = await this.call("GET", "/batches");
    const next = batches.find((batch) => batch.corpus !== this.corpus.name && !batch.is_answered && batch.n_left > 0);
    if (!next || this.task()) return;
    this.onward.href = `#/answer/${encodeURIComponent(next.corpus)}`;
    this.onward.replaceChildren(h("kbd", { "aria-hidden": "true", text: "Enter" }), `Go on with ${this.corpora.get(next.corpus).title}`);
    this.onward.hidden = false;
  }

  showSample(task) {
    this.sample.classList.remove("zoomed");
    this.stopPlaying();
    this.sample.scrollTo(0, 0);
    if (!task.is_image) {
      this.sample.replaceChildren(h("p", { text: task.text }), task.uri ? h("p", { class: "quiet small uri", text: task.uri }) : "");
      return;
    }
    const shown = h("img", { alt: task.uri, draggable: "false" });
    shown.addEventListener("click", () => this.zoom());
    shown.addEventListener("load", () => shown.classList.toggle("tiny", shown.naturalWidth < 200));
    if (task.has_player) {
      this.player = new Player(task.task_id);
      this.tools.play.hidden = false;
    }
    this.sample.replaceChildren(shown, ...(this.player ? [this.player.element] : []), ...(task.text ? [h("p", { class: "caption", text: task.text })] : []));
    this.image(task.task_id).then((address) => { shown.src = address; }, (error) => {
      if (this.shown === task) this.sample.replaceChildren(h("p", { text: sentence(`It cannot be shown: ${error.message}`) }));
    });
  }

  stopPlaying() {
    if (this.player) this.player.stop();
    this.player = null;
    this.tools.play.hidden = true;
  }

  answer(label) {
    if (this.give({ label }, label, Boolean(this.again) && this.again.label === label)) this.choices.used(label);
  }

  // `said` is what the server is told, `shown` the same in a few words, `isSame` that it is what was said before.
  // Whether a task was answered by it.
  give(said, shown, isSame) {
    const task = this.task();
    if (!task || this.isSkipping) return false;
    const isNew = !this.again;
    const comment = this.comment.value.trim();
    this.outbox.dropDraft(task.task_id);
    if (this.again) {
      const entry = this.again;
      this.again = null;
      const had = entry.label ?? entry.shown;
      Object.assign(entry, said, { shown, comment });
      if (!isSame || comment !== entry.had_comment) this.outbox.correct(entry, said, comment || null);
      this.tell(isSame ? `stays ${shown}` : `was ${had}, is ${shown}`);
    } else {
      const active_s = this.activeSeconds();
      const { lease_id, task_id } = task;
      this.feed.tasks.shift();
      const sent = this.outbox.add({ kind: "answer", lease_id, task_id, ...said, comment: comment || null, active_s });
      this.feed.fill();
      this.remember({ ...task, ...said, shown, comment, submission_id: sent.submission_id });
      this.n += 1;
      this.tell(`answered ${shown}`);
    }
    this.screen.focus({ preventScroll: true });
    this.show();
    this.showLast();
    return isNew;
  }

  activeSeconds() {
    return this.watch.seconds();
  }

  undo() {
    const entry = this.again ? this.last[this.last.indexOf(this.again) + 1] : this.last[0];
    if (!entry) {
      this.tell("nothing was answered yet");
      return;
    }
    this.reopen(entry);
  }

  reopen(entry) {
    this.keepDraft();
    entry.had_comment = entry.comment || "";
    this.again = entry;
    this.show();
  }

  startSkipping() {
    if (!this.task() || this.again) return;
    this.isSkipping = true;
    const other = h("input", { type: "text", maxlength: "300", "aria-label": "Another reason", placeholder: "another reason, Enter" });
    other.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && other.value.trim()) this.skip(other.value.trim());
      if (event.key === "Escape") this.stopSkipping();
    });
    this.reasons.replaceChildren(h("p", { text: "Why is it skipped? It comes again when nothing else is left." }),
      ...REASONS.map((reason, i) => button(reason, String(i + 1), () => this.skip(reason))),
      button("Back", "Escape", () => this.stopSkipping()), other);
    this.reasons.hidden = false;
    this.area.classList.add("covered");
    this.reasons.querySelector("button").focus();
  }

  stopSkipping() {
    this.isSkipping = false;
    this.reasons.hidden = true;
    this.area.classList.remove("covered");
  }

  skip(reason) {
    const task = this.feed.tasks.shift();
    this.stopSkipping();
    this.outbox.add({ kind: "skip", lease_id: task.lease_id, task_id: task.task_id, reason });
    this.outbox.flush().then(() => this.feed.fill());
    this.tell("skipped");
    this.screen.focus({ preventScroll: true });
    this.show();
  }

  async askScore() {
    const task = this.task();
    if (!task || !task.proposed_label) return;
    try {
      const { probability } = await this.call("GET", `/leases/${task.lease_id}/score`);
      if (this.shown === task) this.proposal.textContent = `Proposed: ${task.proposed_label}, with ${percent(probability)}. Enter takes it.`;
    } catch (error) {
      this.tell(error.message);
    }
  }

  zoom() {
    if (this.corpus.is_image) this.sample.classList.toggle("zoomed");
  }

  key(key) {
    if (this.isSkipping) {
      if (key === "Escape") this.stopSkipping();
      else if (REASONS[Number(key) - 1]) this.skip(REASONS[Number(key) - 1]);
      else return false;
      return true;
    }
    if (key === "Escape") {
      if (this.again) {
        this.again = null;
        this.show();
      } else this.go("#/");
      return true;
    }
    if (this.player && this.player.key(key)) return true;
    const task = this.task();
    const label = task && this.choices.labelOf(key);
    if (label) this.answer(label);
    else if (key === "Enter" && task && (this.again ? task.label : task.proposed_label)) this.answer(this.again ? task.label : task.proposed_label);
    else if (key === "Enter" && !this.onward.hidden) this.go(this.onward.hash);
    else if (key === "c" && task) this.comment.focus();
    else if (key === "/" && task) this.choices.focusSearch();
    else if (!lookedBeside(key, this.place)) {
      const tool = { u: "undo", s: "skip", o: "scope", p: "score", z: "zoom", i: "help" }[key];
      if (!tool || this.tools[tool].hidden || this.tools[tool].disabled) return false;
      this.tools[tool].click();
    }
    return true;
  }

  keepDraft() {
    const task = this.shown;
    if (task && this.comment.value !== (this.outbox.draft(task).comment || (task.comment ?? ""))) this.outbox.keepDraft(task.task_id, { comment: this.comment.value }, !this.again);
  }

  // What happened stands below; a screen reader hears it with what is asked next.
  tell(text, isLoss = false) {
    this.notice.textContent = text;
    this.notice.classList.toggle("loss", isLoss);
    const next = this.task();
    const asked = !next ? "" : next.is_image ? ` Next: ${next.uri}` : ` Next: ${next.text.slice(0, MOST_SAID)}`;
    say(`${sentence(text)}${asked}`);
  }

  remember(entry) {
    this.last = [entry, ...this.last.filter((other) => other.task_id !== entry.task_id)].slice(0, MOST_LAST);
  }

  kept({ entry, kept }) {
    const found = this.last.find((other) => other.submission_id === entry.submission_id);
    if (found) found.annotation_id = kept.annotation_id;
  }

  refused({ entry, error }) {
    this.last = this.last.filter((other) => other.submission_id !== entry.submission_id || entry.kind === "correction");
    this.showLast();
    if (error.status === 422) this.feed.refresh();
    else this.feed.fill();
  }

  async loadLast() {
    try {
      const { answers } = await this.call("GET", "/annotations/last");
      const known = new Set(this.last.map((entry) => entry.task_id));
      const earlier = answers.filter((row) => row.corpus === this.corpus.name && !known.has(row.task_id));
      this.last = [...this.last, ...earlier].slice(0, MOST_LAST);
      this.showLast();
    } catch { /* they are shown as soon as something is answered */ }
  }

  showLast() {
    this.list.replaceChildren(...this.last.map((entry) => h("li", {},
      h("button", { type: "button", class: "quiet-button", title: "answer it again", onclick: () => this.reopen(entry) },
        h("b", { text: entry.label ?? entry.shown }), h("span", { class: "quiet", text: entry.is_image ? entry.uri : entry.text.slice(0, 60) })))));
  }
}
