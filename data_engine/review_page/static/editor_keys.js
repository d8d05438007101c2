// The keys of the editor of masks; those of every screen are in answering.js.

import { TOOLS } from "./editor_tools.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP_PX = 10;

const WORK = {
  Delete: (editor) => editor.hands.remove(), Backspace: (editor) => editor.hands.remove(), z: (editor) => editor.step("undo"), y: (editor) => editor.step("redo"),
  n: (editor) => editor.next(1), N: (editor) => editor.next(-1), t: (editor) => editor.takeNext(), m: (editor) => editor.hide(), q: (editor) => editor.nothing(),
  f: (editor) => editor.canvas.fit(), "+": (editor) => editor.canvas.zoom(1.4), "=": (editor) => editor.canvas.zoom(1.4), "-": (editor) => editor.canvas.zoom(1 / 1.4),
  "[": (editor) => editor.brighten(-1), "]": (editor) => editor.brighten(1),
};

// What the instructions say of them.
export const MEANINGS = [
  ...TOOLS.map((tool) => [tool.key, tool.label]),
  ["arrows", "move a cross, with Shift by one pixel of the screen"], ["Enter, Space", "set what the tool sets where the cross is"],
  ["Shift + click", "the place is inside the selected object"], ["Ctrl + click", "the place is outside; so says the right button"],
  ["1 to 0", "class of the selected object, and of the next ones"], ["/", "search the classes, where there are more than ten"],
  ["n, N", "select the next object, the one before"], ["Delete", "take the last held vertex away, else the object"],
  ["z, y", "undo a step, do it again; Ctrl with them too"], ["t", "take the proposal that is selected, then the next one"],
  ["wheel, + -, f", "zoom in and out, fit the image; drag to move it"], ["m", "hide the masks"], ["[ ]", "darker, brighter"],
  ["Enter", "done: the next image"], ["q", "there is nothing of these classes here"], ["s, c, u", "skip with a reason, comment, the last answer again"],
];

export function keyOfEditor(editor, key, event) {
  const { hands, choices } = editor;
  const tool = TOOLS.find((each) => each.key === key);
  if (ARROWS[key]) hands.moveCross(...ARROWS[key], event.shiftKey ? 1 : STEP_PX);
  else if ((key === "Enter" || key === " ") && hands.cross) hands.press();
  else if (key === "Enter") editor.done();
  else if (choices.labelOf(key)) editor.setClass(choices.labelOf(key));
  else if (tool) editor.choose(tool.name);
  else if (WORK[key]) WORK[key](editor);
  else return false;
  return true;
}

// Ctrl (or Command) with z and y, as in other editors.
export function withControl(editor, event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const key = event.key.toLowerCase();
  const which = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
  if (!which) return;
  event.preventDefault();
  editor.step(which);
}
