// Answers of several people to one image, side by side and without names, for whoever decides.

import { imageWithSize } from "./api.js";
import { svg } from "./canvas.js";
import { button, h, sentence } from "./dom.js";
import { pathOf } from "./geometry.js";

const COLOURS = 8;
export const NAMES = "ABCDEFGHIJ";

export function objectSides(task, decide) {
  const sides = task.answers.map((given, i) => {
    const [height, width] = given.answer.size;
    const ground = svg("image", { width, height });
    const masks = given.answer.objects.map((one) => svg("path", {
      class: `mask colour-${Math.max(0, task.classes.indexOf(one.class)) % COLOURS}`, "fill-rule": "evenodd", d: pathOf(one.polygons) }));
    const shown = svg("svg", { class: "side-image", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Answer ${NAMES[i]}: ${given.label}` },
      ground, svg("g", { class: "masks" }, ...masks));
    return { given, ground, shown };
  });
  imageWithSize(task.task_id).then(({ address }) => { for (const { ground } of sides) ground.setAttribute("href", address); },
    (error) => { for (const { shown } of sides) shown.replaceWith(h("p", { text: sentence(`The image cannot be shown: ${error.message}`) })); });
  return h("div", { class: "sides" }, sides.map(({ given, shown }, i) => h("section", { class: "plate", "aria-label": `Answer ${NAMES[i]}` },
    h("h2", { text: `${NAMES[i]}: ${given.label}` }), shown,
    given.comment ? h("blockquote", { text: given.comment }) : null,
    button(`Decide ${NAMES[i]}`, String(i + 1), () => decide({ answer: given.answer }, NAMES[i])))));
}
