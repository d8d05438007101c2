// What stands around the image of the editor: its tools, the buttons that end a task, the list of objects.

import { button, h } from "./dom.js";
import { problemOf } from "./objects.js";

export const TOOLS = [
  { name: "points", key: "e", label: "Four points", says: "Click the leftmost, topmost, rightmost and bottommost place of an object, in any order." },
  { name: "inside", key: "a", label: "Add", says: "Click what the mask lacks: it is inside. Shift and a click do so with any tool." },
  { name: "outside", key: "x", label: "Take away", says: "Click what the mask should not have: it is outside. Ctrl and a click, or the right button, do so with any tool." },
  { name: "vertices", key: "v", label: "Vertices", says: "Drag a vertex, or an edge for a new one; Delete takes the last one away. A click on another object selects it." },
  { name: "polygon", key: "d", label: "Polygon", says: "Click one vertex after the other; Enter, or a click on the first, closes the outline." },
  { name: "box", key: "b", label: "Box", says: "Click two opposite corners, or drag from one to the other." },
];

// How an object is corrected: with keys beside the mouse, or by the buttons where there is a finger and no key.
export function corrections() {
  if (matchMedia("(hover: none) and (pointer: coarse)").matches) return "Choose its class below; correct it by Add, Take away and Vertices.";
  return "A number changes its class; Shift and a click adds, Ctrl and a click takes away.";
}

// A press by pointer gives the keys back to the image; a key stays with its button.
function pressed(work, after) {
  return (event) => {
    work();
    if (event.detail > 0) after();
  };
}

export class Toolbar {
  constructor(act, after) {
    this.tools = new Map(TOOLS.map((tool) => [tool.name, button(tool.label, tool.key, pressed(() => act.choose(tool.name), after), { "aria-pressed": "false", class: "tool" })]));
    const small = (label, key, work, name) => button(label, key, pressed(work, after), { class: "tool", "aria-label": name });
    this.undo = small("Undo", "z", act.undo, "Undo the last step");
    this.redo = small("Redo", "y", act.redo, "Redo the step");
    this.remove = small("Delete", "", act.remove, "Delete the held vertex, else the selected object (Delete)");
    this.hide = button("Hide", "m", pressed(act.hide, after), { "aria-pressed": "false", class: "tool", "aria-label": "Hide the masks" });
    this.element = h("div", { class: "toolbar" },
      h("div", { class: "group", role: "group", "aria-label": "What a click does" }, [...this.tools.values()]),
      h("div", { class: "group", role: "group", "aria-label": "Steps" }, this.undo, this.redo, this.remove),
      h("div", { class: "group", role: "group", "aria-label": "View" }, this.hide,
        small("−", "", () => act.zoom(1 / 1.4), "Zoom out (-)"), small("+", "", () => act.zoom(1.4), "Zoom in (+)"), small("Fit", "f", act.fit, "Fit the image"),
        small("◑", "", () => act.brighten(-1), "Darker ([)"), small("☀", "", () => act.brighten(1), "Brighter (])")));
  }

  show({ tool, canUndo, canRedo, isHidden, hasObject, isSelected }) {
    for (const [name, node] of this.tools) {
      node.setAttribute("aria-pressed", String(name === tool));
      node.disabled = !hasObject && ["inside", "outside", "vertices"].includes(name);
    }
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
    this.remove.disabled = !isSelected;
    this.hide.setAttribute("aria-pressed", String(isHidden));
  }
}

export class ObjectList {
  constructor(act, after) {
    Object.assign(this, { act, after });
    this.list = h("ol", { class: "object-list" });
    this.none = h("p", { class: "quiet small", text: "No object yet." });
    this.element = h("section", { class: "objects-here", "aria-label": "Objects" }, h("h2", { text: "Objects" }), this.none, this.list);
  }

  show({ objects, selected, colourOf }) {
    this.none.hidden = objects.length > 0;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.of : null;
    this.list.replaceChildren(...objects.map((one, i) => this.row(one, i, one.id === selected, colourOf(one))));
    if (focused) this.list.querySelector(`[data-of="${focused}"]`)?.focus();
  }

  row(one, i, isSelected, colour) {
    const problem = problemOf(one);
    const state = one.isPending ? "predicting…" : one.isProposed ? "proposed" : "";
    const said = problem || one.failure || "";
    return h("li", { class: isSelected ? "selected" : null },
      h("button", { type: "button", class: "quiet-button", "data-of": `s${one.id}`, "aria-pressed": String(isSelected), onclick: pressed(() => this.act.select(one.id), this.after) },
        h("i", { class: `swatch colour-${colour}`, "aria-hidden": "true" }), h("b", { text: `${i + 1} ${one.class}` }), h("span", { class: "quiet", text: state })),
      one.isProposed ? h("button", { type: "button", class: "mini", "data-of": `t${one.id}`, "aria-label": `Take object ${i + 1}`, title: "take it (t)", text: "✓", onclick: pressed(() => this.act.take(one.id), this.after) }) : null,
      h("button", { type: "button", class: "mini", "data-of": `d${one.id}`, "aria-label": `Delete object ${i + 1}`, title: "delete it (Delete)", text: "×", onclick: pressed(() => this.act.remove(one.id), this.after) }),
      said ? h("p", { class: problem ? "wrong-here" : "quiet small", role: problem ? "alert" : null, text: `${said}` }) : null);
  }
}

// The buttons that end a task.
export class Ending {
  constructor(act) {
    this.done = button("Done", "Enter", act.done, { class: "go" });
    this.nothing = button("Nothing here", "q", act.nothing);
    this.element = h("div", { class: "ending" }, this.done, this.nothing);
  }

  show({ nObjects, nProposed, isAgain }) {
    this.done.lastChild.textContent = isAgain ? "Keep this" : nProposed ? `Take ${nProposed} proposed, done` : "Done";
    this.done.disabled = nObjects === 0;
    this.nothing.disabled = nObjects > 0;
  }
}
