// Outlining the objects of an image: four places, a predicted mask, what people change of it; see docs/masks.md.

import { Answering } from "./answering.js";
import { imageWithSize } from "./api.js";
import { Canvas } from "./canvas.js";
import { h, say, sentence } from "./dom.js";
import { keyOfEditor, withControl } from "./editor_keys.js";
import { corrections, Ending, ObjectList, Toolbar, TOOLS } from "./editor_tools.js";
import { extremesOf } from "./geometry.js";
import { Hands } from "./hands.js";
import { carriedFrom, Objects, problemOf } from "./objects.js";
import { Predictions } from "./predictions.js";

const COLOURS = 8;
const BRIGHTNESS = [0.6, 0.8, 1, 1.3, 1.7, 2.3];
const DRAFT_MS = 300;
const NO_SECONDS = { active_s: 0, idle_s: 0, waiting_s: 0 };

export class ObjectAnswering extends Answering {
  build() {
    super.build();
    this.seconds = new Map();
    this.begun = NO_SECONDS;
    this.earlier_s = 0;
    this.selected = null;
    this.tool = "points";
    this.isHidden = false;
    this.brightness = 2;
    this.objects = new Objects(() => this.redraw());
    this.predictions = new Predictions(this.objects, this.watch, (id, problem) => this.predicted(id, problem));
    this.hands = new Hands(this);
    this.canvas = new Canvas(this.hands);
    const toCanvas = () => this.canvas.svg.focus({ preventScroll: true });
    this.toolbar = new Toolbar({
      choose: (name) => this.choose(name), undo: () => this.step("undo"), redo: () => this.step("redo"), hide: () => this.hide(), remove: () => this.hands.remove(),
      zoom: (factor) => this.canvas.zoom(factor), fit: () => this.canvas.fit(), brighten: (by) => this.brighten(by),
    }, toCanvas);
    this.objectList = new ObjectList({ select: (id) => this.select(id), take: (id) => this.take(id), remove: (id) => this.remove(id) }, toCanvas);
    this.ending = new Ending({ done: () => this.done(), nothing: () => this.nothing() });
    this.choices.choose = (label) => this.setClass(label);
    this.comment.placeholder = "comment (c)";
    this.tools.undo.lastChild.textContent = "Last answer";
    for (const name of ["score", "zoom", "scope"]) this.tools[name].hidden = true;
    const root = this.screen.firstChild;
    root.classList.add("of-objects");
    const last = root.lastChild;
    last.open = false;
    const tools = this.screen.querySelector(".tools");
    root.replaceChildren(
      h("div", { class: "work" }, this.question, this.place, this.onward, this.toolbar.element, this.canvas.element, this.proposal, this.notice),
      h("div", { class: "side" }, this.ending.element, this.area, this.objectList.element, tools, last));
    this.leaving = new AbortController();
    document.addEventListener("keydown", (event) => withControl(this, event), { signal: this.leaving.signal });
    addEventListener("pagehide", () => this.keepDraftNow(), { signal: this.leaving.signal });
  }

  stop() {
    this.keepDraftNow();
    this.isReady = false;
    super.stop();
    this.leaving.abort();
    this.predictions.stop();
    this.canvas.stop();
  }

  show() {
    this.keepDraftNow();
    this.predictions.stop();
    this.isReady = false;
    this.selected = null;
    super.show();
    if (this.task()) this.begin(this.task());
  }

  // What the task begins with: what was begun before, the answer that is looked at again, or what is proposed.
  begin(task) {
    const draft = this.outbox.draft(task).answer;
    const proposed = this.again ? null : task.proposed_answer;
    this.nextClass = task.classes.includes(this.nextClass) ? this.nextClass : task.classes[0];
    this.objects.load(draft || (this.again ? task.answer : proposed), !draft && Boolean(proposed));
    this.seconds = new Map(this.objects.present.objects.map((one) => [one.id, secondsOf(one)]));
    this.earlier_s = draft ? [...this.seconds.values()].reduce((sum, each) => sum + each.active_s, 0) : 0;
    this.begun = NO_SECONDS;
    this.first = this.objects.present;
    this.firstComment = this.comment.value;
    const n = this.objects.present.objects.filter((one) => one.isProposed).length;
    this.choose("points");
    this.hint(this.again ? `Your answer is ${this.objects.shown()}. Change it, or Esc to keep it.`
      : n ? `${n} proposed${carriedFrom(this.objects.present.objects)}: t takes one, v changes it, Delete takes it away. Then click what is missing.` : TOOLS[0].says);
  }

  showSample(task) {
    this.canvas.clear();
    this.canvas.svg.setAttribute("aria-label", `Image ${task.uri}. Arrows move a cross, Enter sets a place.`);
    this.canvas.element.classList.add("loading");
    imageWithSize(task.task_id).then(({ address, size }) => {
      if (this.shown !== task) return;
      this.canvas.element.classList.remove("loading");
      this.canvas.showImage(address, size);
      this.isReady = true;
      this.watch.start();
      this.redraw();
      for (const one of this.objects.present.objects) if (one.isPending) this.predict(one);
    }, (error) => {
      if (this.shown === task) this.tell(`The image cannot be shown: ${error.message} Skip it (s).`, true);
    });
  }

  showNone() {
    super.showNone();
    this.canvas.clear();
    this.objects.load(null);
  }

  // Everything that is drawn, from what there is.
  redraw() {
    if (!this.canvas) return;
    const state = this.shownState();
    if (this.selected !== null && !state.objects.some((one) => one.id === this.selected)) {
      this.select(null);
      return;
    }
    this.canvas.show(state);
    this.objectList.show(state);
    const { past, future, present } = this.objects;
    this.toolbar.show({ tool: this.tool, canUndo: past.length > 0, canRedo: future.length > 0, isHidden: this.isHidden, hasObject: present.objects.length > 0, isSelected: this.selected !== null });
    this.ending.show({ nObjects: present.objects.length, nProposed: present.objects.filter((one) => one.isProposed).length, isAgain: Boolean(this.again) });
    const task = this.task();
    if (task) this.choices.show({ ...task, proposed_label: null, label: this.objects.get(this.selected)?.class ?? this.nextClass });
    this.keepDraft();
  }

  shownState() {
    const { objects, points, ring } = this.objects.present;
    const classes = this.task()?.classes || [];
    const one = this.objects.get(this.selected);
    return {
      objects: objects.map((each) => ({ ...each, isWrong: Boolean(problemOf(each)) })), selected: this.selected, points, ring,
      clicks: one ? one.clicks : [], hasHandles: this.tool === "vertices", held: this.hands.held,
      colourOf: (each) => Math.max(0, classes.indexOf(each.class)) % COLOURS,
    };
  }

  // The line below the image, which a screen reader hears.
  hint(text) {
    this.proposal.textContent = text;
  }

  // Seconds go to the object that was selected while they passed; those before a new one, to that.
  select(id) {
    if (id !== this.selected) this.lap();
    if (id !== null && !this.seconds.has(id)) {
      this.seconds.set(id, this.begun);
      this.begun = NO_SECONDS;
    }
    this.selected = id;
    if (this.tool !== "vertices") this.hands.held = null;
    if (id === null && ["inside", "outside"].includes(this.tool)) this.tool = "points";
    this.redraw();
  }

  lap() {
    const passed = this.watch.lap();
    const had = this.selected === null ? this.begun : this.seconds.get(this.selected);
    const sum = Object.fromEntries(Object.keys(passed).map((name) => [name, Math.round(1000 * (had[name] + passed[name])) / 1000]));
    if (this.selected === null) this.begun = sum;
    else this.seconds.set(this.selected, sum);
  }

  activeSeconds() {
    return Math.round(1000 * (this.earlier_s + this.watch.seconds())) / 1000;
  }

  choose(name) {
    const needsOne = ["inside", "outside", "vertices"].includes(name);
    const { objects, points, ring } = this.objects.present;
    if (needsOne && !this.objects.get(this.selected)) {
      if (!objects.length) {
        this.hint("There is no object yet; click its four ends first.");
        return;
      }
      this.select(objects.at(-1).id);
    }
    if (points.length && name !== "points") this.objects.step({ points: [] });
    if (ring.length && name !== this.tool) this.objects.step({ ring: [] });
    this.tool = name;
    this.hands.held = null;
    this.hint(TOOLS.find((tool) => tool.name === name).says);
    this.redraw();
  }

  predict(one) {
    this.predictions.ask(this.task().task_id, one, one.extreme_points || extremesOf(one.polygons.flat()));
  }

  predicted(id, problem) {
    const one = this.objects.get(id);
    if (!one) return;
    const n = one.polygons.reduce((sum, ring) => sum + ring.length, 0);
    const number = this.objects.present.objects.indexOf(one) + 1;
    if (problem) this.hint(sentence(`Object ${number}: ${problem}`));
    else this.hint(`Object ${number}: ${one.class}, ${n} vertices. ${corrections()}`);
  }

  setClass(label) {
    if (!this.task()) return;
    this.nextClass = label;
    this.choices.used(label);
    const one = this.objects.get(this.selected);
    if (one && one.class !== label) this.objects.edit(one.id, { class: label, isProposed: false, isChanged: true });
    else this.redraw();
    this.hint(one ? `Object ${this.objects.present.objects.indexOf(this.objects.get(this.selected)) + 1}: ${label}.` : `Class of the next object: ${label}.`);
    this.screen.focus({ preventScroll: true });
  }

  take(id) {
    const one = this.objects.get(id);
    if (!one || !one.isProposed) return;
    this.select(id);
    this.objects.edit(id, { isProposed: false });
    const next = this.objects.present.objects.find((each) => each.isProposed);
    this.select(next ? next.id : null);
    this.hint(next ? "Taken; the next one is selected." : "Taken; nothing proposed is left. Click what is missing, or Enter.");
  }

  remove(id) {
    this.predictions.drop(id);
    if (this.selected === id) this.select(null);
    this.objects.remove(id);
    this.hint("Deleted; z takes it back.");
  }

  next(by) {
    const { objects } = this.objects.present;
    if (!objects.length) return;
    const i = objects.findIndex((one) => one.id === this.selected);
    const one = objects[i < 0 ? (by > 0 ? 0 : objects.length - 1) : (i + by + objects.length) % objects.length];
    this.select(one.id);
    say(`object ${objects.indexOf(one) + 1}, ${one.class}`);
  }

  step(which) {
    this.hands.held = null;
    if (!this.objects[which]()) return;
    for (const one of this.objects.present.objects) if (one.isPending && !this.predictions.isAsking(one)) this.predict(one);
  }

  // The selected proposal, else the first.
  takeNext() {
    const { objects } = this.objects.present;
    this.take((objects.find((one) => one.id === this.selected && one.isProposed) || objects.find((one) => one.isProposed))?.id);
  }

  hide() {
    this.isHidden = !this.isHidden;
    this.canvas.svg.classList.toggle("hidden-masks", this.isHidden);
    this.redraw();
  }

  brighten(by) {
    this.brightness = Math.min(BRIGHTNESS.length - 1, Math.max(0, this.brightness + by));
    this.canvas.brighten(BRIGHTNESS[this.brightness]);
  }

  nothing() {
    if (this.isReady && !this.objects.present.objects.length) this.submit();
  }

  done() {
    const { objects, points, ring } = this.objects.present;
    if (!this.isReady) return;
    if (ring.length > 2 && this.tool === "polygon") {
      this.hands.closeRing();
      return;
    }
    const wrong = objects.find(problemOf);
    const pending = objects.find((one) => one.isPending);
    if (!objects.length) this.hint("There is no object yet. Click its four ends, or q where there is none.");
    else if (points.length || ring.length) this.hint("An object is begun; finish it, or Esc gives it up.");
    else if (wrong || pending) {
      this.select((wrong || pending).id);
      this.hint(wrong ? sentence(`Object ${objects.indexOf(wrong) + 1}: ${problemOf(wrong)}`) : "Its mask is being predicted; look at it first.");
    } else this.submit();
  }

  submit() {
    this.lap();
    const isSame = Boolean(this.again) && this.objects.present === this.first;
    clearTimeout(this.keeping);
    const answer = this.objects.answer(this.canvas.size, this.seconds);
    this.isGiven = true;
    this.give({ answer }, this.objects.shown(), isSame);
    this.isGiven = false;
  }

  // What the server would not take is shown again, with what it said at the object that it named.
  refused({ entry, error }) {
    const task = this.last.find((other) => other.submission_id === entry.submission_id || other.annotation_id === entry.annotation_id);
    super.refused({ entry, error: error.status === 422 && entry.answer ? { status: 0 } : error });
    if (error.status !== 422 || !entry.answer || !task) return;
    this.keepDraftNow();
    if (entry.kind === "correction") this.reopen(task);
    else {
      this.n -= 1;
      this.feed.tasks.unshift({ ...task, label: undefined, draft: { comment: entry.comment, answer: entry.answer } });
      this.show();
    }
    const said = error.message.replace(/object (\d+)/g, (_, n) => `object ${Number(n) + 1}`);
    const one = this.objects.present.objects[/object (\d+)/.exec(error.message)?.[1]];
    if (one) {
      this.objects.arrive((each) => each.id === one.id, { problem: said });
      this.select(one.id);
    }
    this.tell(said, true);
  }

  reopen(entry) {
    this.keepDraftNow();
    super.reopen(entry);
  }

  keepDraft() {
    if (!this.isReady) return;
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keepDraftNow(), DRAFT_MS);
  }

  keepDraftNow() {
    clearTimeout(this.keeping);
    const isSame = this.objects.present === this.first && this.comment.value === this.firstComment;
    if (!this.isReady || this.isGiven || !this.shown || isSame) return;
    this.lap();
    this.outbox.keepDraft(this.shown.task_id, { comment: this.comment.value, answer: this.objects.draft(this.canvas.size, this.seconds) }, !this.again);
  }

  // Esc keeps an answer that is looked at again as it was.
  leaveAgain() {
    this.outbox.dropDraft(this.again.task_id);
    this.isReady = false;
  }

  key(key, event) {
    if (this.isSkipping || !this.task()) return super.key(key);
    if (key === "Escape" && this.hands.escape()) return true;
    if (key === "Escape" && this.again) this.leaveAgain();
    return keyOfEditor(this, key, event) || super.key(key);
  }
}

const secondsOf = ({ active_s = 0, idle_s = 0, waiting_s = 0 }) => ({ active_s, idle_s, waiting_s });
