// What a tap or a drag on the image does, by tool; the same by a cross that keys move.

import { areaOf, bounded, boxOf, extremesOf, holds, joined, nearestEdge, nearestVertex, withInserted, withoutVertex, withVertex } from "./geometry.js";

const NEEDED = 4;

export class Hands {
  constructor(editor) {
    this.editor = editor;
    this.held = null;
    this.dragged = null;
    this.cross = null;
  }

  get objects() {
    return this.editor.objects;
  }

  get one() {
    return this.objects.get(this.editor.selected);
  }

  at(place) {
    return bounded(place, this.editor.canvas.size);
  }

  isInImage([x, y], slack) {
    const { width, height } = this.editor.canvas.size;
    return x >= -slack && y >= -slack && x <= width + slack && y <= height + slack;
  }

  tap(raw, how) {
    const { editor } = this;
    if (!editor.isReady || !this.isInImage(raw, how.reach)) return;
    if (how.isMouse) this.hideCross();
    const place = this.at(raw);
    const { tool } = editor;
    if (this.one && how.click !== undefined) this.click(place, how.click);
    else if (how.click !== undefined) editor.hint("Select an object first (n): the click is about it.");
    else if (tool === "inside" || tool === "outside") this.click(place, tool === "inside");
    else if (tool === "points") this.point(place);
    else if (tool === "vertices") this.selectAt(place, how.reach);
    else if (tool === "polygon") this.vertex(place, how.reach);
    else this.corner(place);
  }

  // An extreme point; with the fourth there is an object, whose mask is predicted while somebody goes on.
  point(place) {
    const points = [...this.objects.present.points, place];
    if (points.length < NEEDED) {
      this.editor.select(null);
      this.objects.step({ points });
      this.editor.hint(`${points.length} of ${NEEDED} places`);
      return;
    }
    const [left, top, right, bottom] = extremesOf(points);
    if (right[0] - left[0] < 2 || bottom[1] - top[1] < 2) {
      this.objects.step({ points: [] });
      this.editor.hint("These four places are too near one another; click the four ends of the object again.");
      return;
    }
    const one = this.add({ polygons: [joined(points)], extreme_points: points, provenance: "human_assisted" });
    this.editor.hint("The mask is being predicted; a number says of which class it is, and you may go on.");
    this.editor.predict(one);
  }

  add(made) {
    const one = this.objects.add({ class: this.editor.nextClass, ...made });
    this.editor.select(one.id);
    return one;
  }

  click([x, y], isInside) {
    const { one } = this;
    if (!one) return;
    const known = one.known || (one.isPending ? undefined : { mask: one.mask, polygons: one.polygons, n_clicks: one.clicks.length });
    const provenance = one.provenance === "human" || !one.provenance ? "human_assisted" : one.provenance;
    this.objects.edit(one.id, { clicks: [...one.clicks, [x, y, isInside]], known, provenance, isProposed: false, isChanged: true, failure: null });
    this.editor.predict(this.one);
  }

  selectAt(place, reach) {
    const found = this.one && nearestVertex(this.one.polygons, place, reach);
    if (found) this.hold(found);
    else {
      const there = this.objects.present.objects.filter((one) => holds(one.polygons, place));
      const smallest = there.sort((a, b) => sizeOf(a) - sizeOf(b))[0];
      this.held = null;
      this.editor.select(smallest ? smallest.id : null);
    }
  }

  vertex(place, reach) {
    const { ring } = this.objects.present;
    const isClosed = ring.length > 2 && Math.hypot(ring[0][0] - place[0], ring[0][1] - place[1]) <= reach;
    if (isClosed) this.closeRing();
    else {
      this.objects.step({ ring: [...ring, place] });
      this.editor.hint(ring.length < 2 ? "one vertex after the other" : "Enter, or a click on the first, closes it");
    }
  }

  // An outline drawn within the selected object is a hole of it.
  closeRing() {
    const { ring } = this.objects.present;
    if (ring.length < 3 || areaOf(ring) < 1) {
      this.editor.hint("An outline needs three vertices or more.");
      return;
    }
    const { one } = this;
    if (one && ring.every((place) => holds(one.polygons, place))) {
      this.objects.step({ ring: [] });
      this.reshape(one, [...one.polygons, ring]);
      this.editor.hint("It is a hole of the selected object; Esc before drawing makes a new object.");
    } else this.add({ polygons: [ring], provenance: "human" });
  }

  corner(place) {
    const [first] = this.objects.present.ring;
    if (!first) {
      this.objects.step({ ring: [place] });
      this.editor.hint("now the opposite corner");
    } else this.box(first, place);
  }

  box(first, last) {
    const ring = boxOf(first, last);
    if (areaOf(ring) < 1) this.objects.step({ ring: [] });
    else this.add({ polygons: [ring], provenance: "human" });
  }

  grab(raw, reach) {
    const { editor, one } = this;
    if (!editor.isReady) return false;
    const place = this.at(raw);
    if (editor.tool === "box" && !this.objects.present.ring.length && this.isInImage(raw, reach)) {
      this.dragged = { from: place, to: place };
      return true;
    }
    if (editor.tool !== "vertices" || !one) return false;
    const vertex = nearestVertex(one.polygons, place, reach);
    const edge = vertex ? null : nearestEdge(one.polygons, place, reach);
    if (!vertex && !edge) return false;
    const polygons = vertex ? one.polygons : withInserted(one.polygons, edge, place);
    this.held = vertex || edge;
    this.dragged = { one, polygons, isMoved: !vertex };
    this.showDragged(polygons);
    return true;
  }

  drag(raw) {
    const place = this.at(raw);
    const { dragged } = this;
    if (!dragged) return;
    if (dragged.from) {
      dragged.to = place;
      this.editor.canvas.show({ ...this.editor.shownState(), ring: boxOf(dragged.from, place) });
    } else {
      dragged.isMoved = true;
      dragged.polygons = withVertex(dragged.polygons, this.held, place);
      this.showDragged(dragged.polygons);
    }
  }

  showDragged(polygons) {
    const state = this.editor.shownState();
    const objects = state.objects.map((each) => (each.id === this.editor.selected ? { ...each, polygons } : each));
    this.editor.canvas.show({ ...state, objects, held: this.held });
  }

  drop(isCancelled) {
    const { dragged } = this;
    this.dragged = null;
    if (!dragged) return;
    if (isCancelled) this.held = null;
    else if (dragged.from) {
      const { from, to } = dragged;
      if (Math.hypot(from[0] - to[0], from[1] - to[1]) > this.editor.canvas.reach(6)) this.box(from, to);
      else this.corner(from);
    } else if (dragged.isMoved) this.reshape(dragged.one, dragged.polygons);
    this.editor.redraw();
  }

  reshape(one, polygons) {
    this.editor.predictions.drop(one.id);
    this.objects.edit(one.id, {
      polygons, mask: null, known: { mask: null, polygons, n_clicks: one.clicks.length }, isPending: false, isProposed: false,
      isChanged: true, problem: null, failure: null, n_edits: one.n_edits + 1 });
  }

  hold(found) {
    this.held = found;
    this.editor.redraw();
  }

  // The held vertex, else the whole object.
  remove() {
    const { one, held } = this;
    if (!one) return false;
    this.held = null;
    const left = held && this.editor.tool === "vertices" ? withoutVertex(one.polygons, held) : [];
    if (left.length) this.reshape(one, left);
    else this.editor.remove(one.id);
    return true;
  }

  // A cross at the mouse shows where an extreme point or a corner would be.
  hover(place) {
    if (this.cross && place) this.hideCross();
    if (this.cross) return;
    const isAiming = place && ["points", "box"].includes(this.editor.tool) && this.editor.isReady;
    this.editor.canvas.showCross(isAiming ? this.at(place) : null);
  }

  // The cross begins in the middle and is moved by arrows; a held vertex goes with it.
  moveCross(dx, dy, step) {
    const { canvas } = this.editor;
    const reach = canvas.reach(step);
    const [x, y] = this.cross || this.lastCross || [canvas.size.width / 2, canvas.size.height / 2];
    this.cross = this.at([x + dx * reach, y + dy * reach]);
    canvas.showCross(this.cross);
    canvas.follow(this.cross);
    if (this.isCarrying) this.drag(this.cross);
  }

  hideCross() {
    if (this.cross) this.lastCross = this.cross;
    this.cross = null;
    this.editor.canvas.showCross(null);
  }

  // Enter or Space at the cross: what a tap does there; with vertices it takes one up, and puts it down again.
  press() {
    const reach = this.editor.canvas.reach(14);
    if (this.isCarrying) {
      this.isCarrying = false;
      this.drop(false);
      this.editor.hint("the vertex stands here");
    } else if (this.editor.tool === "vertices" && this.grab(this.cross, reach)) {
      this.isCarrying = true;
      this.editor.hint("arrows move the vertex, Enter puts it down");
    } else this.tap(this.cross, { reach });
    const { points, ring } = this.objects.present;
    if (!points.length && !ring.length && this.editor.tool !== "vertices") this.hideCross();
  }

  // Whether there was anything to leave.
  escape() {
    const { points, ring } = this.objects.present;
    if (this.isCarrying || this.dragged) {
      this.isCarrying = false;
      this.drop(true);
    } else if (points.length || ring.length) this.objects.step({ points: [], ring: [] });
    else if (this.cross) this.hideCross();
    else if (this.held) this.hold(null);
    else if (this.one) this.editor.select(null);
    else return false;
    return true;
  }
}

function sizeOf(one) {
  return one.polygons.reduce((most, ring) => Math.max(most, areaOf(ring)), 0);
}
