// The objects of an image as somebody works on them, with every step to be undone and done again.

import { areaOf, crossesItself, sharedByBoxes } from "./geometry.js";

const MOST_STEPS = 200;
const MOST_VERTICES = 500;
const SAME_SHARE = 0.75;
const EMPTY = { objects: [], points: [], ring: [] };

// Steps change `present`, which is never changed in place: objects, extreme points of the next one, and a ring that is
// being drawn.
export class Objects {
  constructor(changed) {
    this.changed = changed;
    this.begin(EMPTY);
  }

  begin(state) {
    this.present = state;
    this.past = [];
    this.future = [];
    this.nextId = 1 + Math.max(0, ...state.objects.map((one) => one.id));
  }

  // From an answer, a proposal or a draft, which may have points besides.
  load(answer, isProposed = false) {
    const objects = (answer?.objects || []).map((one, i) => ({ n_edits: 0, clicks: [], isProposed, isChanged: one.provenance === "model_edited", ...one, id: i + 1, isFromProposal: isProposed || /^model_/.test(one.provenance) }));
    this.begin({ ...EMPTY, objects, points: answer?.points || [], ring: answer?.ring || [] });
    this.changed();
  }

  step(changes) {
    this.past = [...this.past.slice(-MOST_STEPS), this.present];
    this.future = [];
    this.present = { ...this.present, ...changes };
    this.changed();
  }

  // What is outlined anew takes the place of a proposal of the same object that nobody looked at.
  add(object) {
    const made = { clicks: [], n_edits: 0, ...object, id: this.nextId };
    this.nextId += 1;
    const others = this.present.objects.filter((one) => !one.isProposed || sharedByBoxes(one.polygons.flat(), made.polygons.flat()) < SAME_SHARE);
    this.step({ objects: [...others, made], points: [], ring: [] });
    return made;
  }

  edit(id, changes) {
    this.step({ objects: changedIn(this.present.objects, (one) => one.id === id, changes) });
  }

  remove(id) {
    this.step({ objects: this.present.objects.filter((one) => one.id !== id) });
  }

  get(id) {
    return this.present.objects.find((one) => one.id === id) || null;
  }

  // What arrives later, as a predicted mask does, is no step of its own: it is as if it had been there at once.
  arrive(isMeant, changes) {
    const arrived = (state) => ({ ...state, objects: changedIn(state.objects, isMeant, changes) });
    this.present = arrived(this.present);
    this.past = this.past.map(arrived);
    this.future = this.future.map(arrived);
    this.changed();
  }

  undo() {
    return this.move("past", "future");
  }

  redo() {
    return this.move("future", "past");
  }

  move(from, to) {
    const state = this[from].at(-1);
    if (!state) return false;
    this[from] = this[from].slice(0, -1);
    this[to] = [...this[to], this.present];
    this.present = state;
    this.changed();
    return true;
  }

  // The answer as the server takes it; `seconds` by id of the object.
  answer(size, seconds) {
    return { size: [size.height, size.width], objects: this.present.objects.map((one) => written(one, seconds.get(one.id))) };
  }

  // What is kept on the way: the answer with what is begun, and which objects are proposals that nobody looked at.
  draft(size, seconds) {
    const { objects, points, ring } = this.present;
    const begun = objects.map((one) => ({ ...written(one, seconds.get(one.id)), isProposed: Boolean(one.isProposed), isPending: Boolean(one.isPending) }));
    return { size: [size.height, size.width], objects: begun, points, ring };
  }

  shown() {
    const counted = new Map();
    for (const one of this.present.objects) counted.set(one.class, (counted.get(one.class) || 0) + 1);
    return [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `${n} ${name}`).join(", ") || "no objects";
  }
}

function changedIn(objects, isMeant, changes) {
  return objects.map((one) => (isMeant(one) ? { ...one, ...(typeof changes === "function" ? changes(one) : changes) } : one));
}

function written(one, seconds) {
  const made = one.isFromProposal ? (one.isChanged ? "model_edited" : "model_accepted") : one.provenance || "human";
  const kept = { class: one.class, polygons: one.polygons, provenance: made, n_edits: one.n_edits };
  if (one.extreme_points) kept.extreme_points = one.extreme_points;
  if (one.clicks.length) kept.clicks = one.clicks;
  if (one.mask) kept.mask = one.mask;
  if (one.carried) kept.carried = one.carried;
  if (seconds) Object.assign(kept, seconds);
  return kept;
}

// What the server would not take, in a sentence; it has the last word all the same.
export function problemOf(one) {
  if (one.problem) return one.problem;
  const n = one.polygons.reduce((sum, ring) => sum + ring.length, 0);
  if (n > MOST_VERTICES) return `it has ${n} vertices and may have ${MOST_VERTICES}: delete some`;
  if (one.polygons.some((ring) => areaOf(ring) === 0)) return "it has no area: move a vertex, or delete it";
  if (one.polygons.some(crossesItself)) return "its outline crosses itself: move or delete a vertex (v)";
  return null;
}

// Where proposed objects were carried from, as far as they were.
export function carriedFrom(objects) {
  const ways = objects.filter((one) => one.isProposed && one.carried).map((one) => one.carried.n_frames);
  if (!ways.length) return "";
  const nearest = ways.reduce((one, other) => (Math.abs(other) < Math.abs(one) ? other : one));
  return `, carried from ${Math.abs(nearest)} ${Math.abs(nearest) === 1 ? "frame" : "frames"} ${nearest > 0 ? "before" : "after"}`;
}
