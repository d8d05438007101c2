// The image with its objects as SVG: what is drawn, zoom and pan, and which place of the image a pointer is at.

import { h } from "./dom.js";
import { pathOf } from "./geometry.js";

const SPACE = "http://www.w3.org/2000/svg";
const TAP_PX = { mouse: 6, pen: 8, touch: 12 };
const MOST_ZOOM = 40;
// Around an image that is fitted in, so that the ends of what its border cuts off can be clicked: beyond it counts as at it.
const MARGIN_PX = 12;

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.filter(Boolean));
  return node;
}

// `hands` says what taps and drags do: tap(place, how), grab(place, reach) whether a drag begins, drag(place), drop(),
// hover(place).
export class Canvas {
  constructor(hands) {
    this.hands = hands;
    this.size = { width: 1, height: 1 };
    this.view = { scale: 1, x: 0, y: 0 };
    this.pointers = new Map();
    this.paths = new Map();
    this.image = svg("image", { class: "ground" });
    this.masks = svg("g", { class: "masks" });
    this.marks = svg("g", { class: "marks" });
    this.cross = svg("path", { class: "cross", visibility: "hidden" });
    this.world = svg("g", {}, this.image, this.masks, this.marks, this.cross);
    this.svg = svg("svg", { class: "canvas", tabindex: 0, role: "application", "aria-label": "Image. Arrows move a cross, Enter sets a place." }, this.world);
    this.element = h("div", { class: "stage" }, this.svg);
    this.listen();
    this.resized = new ResizeObserver(() => this.fitOnce());
    this.resized.observe(this.element);
  }

  stop() {
    this.resized.disconnect();
  }

  showImage(address, size) {
    this.size = size;
    for (const [name, value] of Object.entries({ href: address, width: size.width, height: size.height })) this.image.setAttribute(name, value);
    this.isZoomed = false;
    this.fitOnce();
  }

  clear() {
    this.image.removeAttribute("href");
    this.show({ objects: [], selected: null, points: [], ring: [], clicks: [], colourOf: () => 0 });
  }

  // The image fits in until somebody zooms.
  fitOnce() {
    if (!this.isZoomed) this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.element;
    const scale = Math.max(0, Math.min((clientWidth - 2 * MARGIN_PX) / this.size.width, (clientHeight - 2 * MARGIN_PX) / this.size.height)) || 1;
    this.least = scale;
    this.view = { scale, x: (clientWidth - scale * this.size.width) / 2, y: (clientHeight - scale * this.size.height) / 2 };
    this.isZoomed = false;
    this.place();
  }

  zoom(factor, [x, y] = [this.element.clientWidth / 2, this.element.clientHeight / 2]) {
    const scale = Math.min(Math.max(this.view.scale * factor, this.least), Math.max(MOST_ZOOM, this.least));
    const by = scale / this.view.scale;
    this.view = { scale, x: x - by * (x - this.view.x), y: y - by * (y - this.view.y) };
    this.isZoomed = scale > this.least;
    if (this.isZoomed) this.place();
    else this.fit();
  }

  pan(dx, dy) {
    this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    this.isZoomed = true;
    this.place();
  }

  // Some of the image always stays in sight.
  place() {
    const { clientWidth, clientHeight } = this.element;
    const { scale } = this.view;
    const within = (value, length, room) => Math.min(Math.max(value, Math.min(0, room - length) - room / 3), Math.max(0, room - length) + room / 3);
    this.view.x = within(this.view.x, scale * this.size.width, clientWidth);
    this.view.y = within(this.view.y, scale * this.size.height, clientHeight);
    this.world.setAttribute("transform", `matrix(${scale} 0 0 ${scale} ${this.view.x} ${this.view.y})`);
    this.image.classList.toggle("tiny", scale > 3);
    if (this.shown) this.show(this.shown);
  }

  placeOf(event) {
    const box = this.element.getBoundingClientRect();
    return [(event.clientX - box.left - this.view.x) / this.view.scale, (event.clientY - box.top - this.view.y) / this.view.scale];
  }

  reach(px) {
    return px / this.view.scale;
  }

  // Keeps a place in sight, for a cross that is moved by keys.
  follow([x, y]) {
    const { clientWidth, clientHeight } = this.element;
    const [left, top] = [this.view.x + x * this.view.scale, this.view.y + y * this.view.scale];
    const beyond = (at, room) => (at < 24 ? 24 - at : at > room - 24 ? room - 24 - at : 0);
    const [dx, dy] = [beyond(left, clientWidth), beyond(top, clientHeight)];
    if ((dx || dy) && this.isZoomed) this.pan(dx, dy);
  }

  showCross(place) {
    this.cross.setAttribute("visibility", place ? "visible" : "hidden");
    if (!place) return;
    const [x, y] = place;
    this.cross.setAttribute("d", `M0 ${y}H${this.size.width}M${x} 0V${this.size.height}`);
  }

  brighten(level) {
    this.image.style.filter = level === 1 ? "" : `brightness(${level})`;
  }

  show(shown) {
    this.shown = shown;
    this.showMasks(shown);
    const marks = [];
    const one = shown.objects.find((each) => each.id === shown.selected);
    if (one && shown.hasHandles) {
      one.polygons.forEach((ring, r) => ring.forEach(([x, y], v) => {
        const isHeld = shown.held && shown.held.ring === r && shown.held.vertex === v;
        marks.push(this.dot(x, y, isHeld ? "handle held" : "handle", isHeld ? 7 : 5));
      }));
    }
    for (const [x, y, isInside] of shown.clicks) marks.push(this.dot(x, y, isInside ? "click inside" : "click outside", 6), this.sign(x, y, isInside));
    if (shown.ring.length) marks.push(svg("path", { class: "line", d: `M${shown.ring.map((place) => place.join(" ")).join("L")}` }));
    for (const [x, y] of [...shown.points, ...shown.ring]) marks.push(this.dot(x, y, "point", 5));
    this.marks.replaceChildren(...marks);
  }

  showMasks({ objects, selected, colourOf }) {
    const gone = new Set(this.paths.keys());
    for (const one of objects) {
      gone.delete(one.id);
      let path = this.paths.get(one.id);
      if (!path) {
        path = svg("path", { "fill-rule": "evenodd" });
        this.paths.set(one.id, path);
      }
      if (path.rings !== one.polygons) path.setAttribute("d", pathOf(one.polygons));
      path.rings = one.polygons;
      const states = [one.id === selected && "selected", one.isPending && "pending", one.isProposed && "proposed", one.isWrong && "wrong"];
      path.setAttribute("class", ["mask", `colour-${colourOf(one)}`, ...states.filter(Boolean)].join(" "));
      if (path.parentNode !== this.masks) this.masks.append(path);
    }
    for (const id of gone) {
      this.paths.get(id).remove();
      this.paths.delete(id);
    }
  }

  dot(x, y, kind, px) {
    return svg("circle", { class: kind, cx: x, cy: y, r: this.reach(px) });
  }

  sign(x, y, isInside) {
    const long = this.reach(3);
    return svg("path", { class: "sign", d: `M${x - long} ${y}H${x + long}${isInside ? `M${x} ${y - long}V${y + long}` : ""}` });
  }

  listen() {
    const on = (kind, work, options) => this.svg.addEventListener(kind, work, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.end(event));
    on("pointerleave", () => this.hands.hover(null));
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => {
      event.preventDefault();
      const box = this.element.getBoundingClientRect();
      if (event.shiftKey) this.pan(-(event.deltaX || event.deltaY), 0);
      else this.zoom(Math.exp(-Math.min(60, Math.max(-60, event.deltaY)) / 240), [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
  }

  down(event) {
    this.svg.focus({ preventScroll: true });
    this.svg.setPointerCapture(event.pointerId);
    const at = { x: event.clientX, y: event.clientY };
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size === 2) {
      if (this.doing === "drag") this.hands.drop(true);
      this.doing = "pinch";
    } else if (this.pointers.size === 1) {
      this.start = at;
      const reach = this.reach(event.pointerType === "mouse" ? 9 : 20);
      if (event.button === 1) this.doing = "pan";
      else if (event.button === 0 && !modified(event) && this.hands.grab(this.placeOf(event), reach)) this.doing = "drag";
      else this.doing = "tap";
    }
  }

  move(event) {
    const was = this.pointers.get(event.pointerId);
    if (!was) {
      this.hands.hover(this.placeOf(event));
      return;
    }
    const at = { x: event.clientX, y: event.clientY };
    if (this.doing === "pinch") this.pinch(event.pointerId, at);
    this.pointers.set(event.pointerId, at);
    const far = Math.hypot(at.x - this.start.x, at.y - this.start.y) > (TAP_PX[event.pointerType] || 6);
    if (this.doing === "tap" && far) this.doing = "pan";
    if (this.doing === "pan") this.pan(at.x - was.x, at.y - was.y);
    else if (this.doing === "drag") this.hands.drag(this.placeOf(event));
  }

  pinch(id, at) {
    const [otherId] = [...this.pointers.keys()].filter((each) => each !== id);
    const other = this.pointers.get(otherId);
    const was = this.pointers.get(id);
    const box = this.element.getBoundingClientRect();
    const between = (one) => Math.max(8, Math.hypot(one.x - other.x, one.y - other.y));
    this.zoom(between(at) / between(was), [(at.x + other.x) / 2 - box.left, (at.y + other.y) / 2 - box.top]);
    if (this.isZoomed) this.pan((at.x - was.x) / 2, (at.y - was.y) / 2);
  }

  up(event) {
    const { doing } = this;
    const place = this.placeOf(event);
    this.end(event);
    if (doing === "tap") this.hands.tap(place, { ...modified(event), reach: this.reach(event.pointerType === "mouse" ? 9 : 20), isMouse: event.pointerType === "mouse" });
  }

  end(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    if (this.doing === "drag") this.hands.drop(event.type === "pointercancel");
    this.doing = null;
  }
}

// Shift, or nothing: inside; Ctrl, Alt or the right button: outside.
function modified(event) {
  if (event.shiftKey) return { click: true };
  if (event.ctrlKey || event.metaKey || event.altKey || event.button === 2) return { click: false };
  return null;
}
