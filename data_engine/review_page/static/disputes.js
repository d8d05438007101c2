// Samples that people disagree about, their answers side by side and without names; a reviewer decides.

import { objectSides, NAMES } from "./object_sides.js";
import { Player } from "./player.js";
import { button, count, h, onKeys, say, sentence } from "./dom.js";

export function disputes({ call, image, screen, rest, go }) {
  const batch = rest[0];
  let waiting = [];
  let current = [];
  let last = null;
  let player = null;
  const body = h("div", {}, h("h1", { text: "Disputed" }));
  screen.append(body);

  function show() {
    const task = waiting[0];
    if (player) player.stop();
    player = task && task.has_player ? new Player(task.task_id) : null;
    if (!task) {
      body.replaceChildren(h("h1", { text: "Nothing is disputed" }), h("p", {}, h("a", { class: "line", href: "#/", text: "To the batches" })), tools());
      return;
    }
    if (task.kind === "objects") {
      current = task.answers.map(({ answer }, i) => [{ answer }, NAMES[i]]);
      body.replaceChildren(h("h1", { text: task.question }), h("p", { class: "quiet small", text: placeOf(task) }),
        objectSides(task, decide), tools());
      return;
    }
    const sides = new Map();
    for (const answer of task.answers) sides.set(answer.label, [...(sides.get(answer.label) || []), answer]);
    current = [...sides.keys()].map((label) => [{ label }, label]);
    const sample = task.is_image ? h("img", { alt: "the sample that is asked about" }) : h("p", { text: task.text });
    if (task.is_image) image(task.task_id).then((address) => { sample.src = address; }, () => { sample.alt = "the sample cannot be shown"; });
    body.replaceChildren(
      h("h1", { text: task.question }),
      h("p", { class: "quiet small", text: placeOf(task) }),
      h("div", { class: "task-sample", tabindex: "0", role: "region", "aria-label": "Sample" }, sample, player ? player.element : "", task.is_image && task.text ? h("p", { class: "caption", text: task.text }) : ""),
      h("div", { class: "sides" }, [...sides].map(([label, answers], i) => h("section", { class: "plate" },
        h("h2", { text: label }), h("p", { class: "quiet", text: `${count(answers.length, "answer")}` }),
        answers.filter((answer) => answer.comment).map((answer) => h("blockquote", { text: answer.comment })),
        button(`Decide ${label}`, String(i + 1), () => decide({ label }, label))))),
      h("label", { class: "other" }, "Another class ",
        h("select", { onchange: (event) => event.target.value && decide({ label: event.target.value }, event.target.value) },
          h("option", { value: "", text: "choose…" }), task.classes.map((name) => h("option", { value: name, text: name })))),
      tools(),
    );
  }

  function placeOf(task) {
    return `${task === last ? "your last decision, to change it · " : ""}${count(waiting.length, "sample")} of ${batch} disputed`;
  }

  function tools() {
    const undo = button("Undo", "u", again);
    const later = button("Later", "s", postpone);
    undo.disabled = !last || waiting[0] === last;
    later.disabled = waiting.length < 2;
    return h("div", { class: "tools", role: "group", "aria-label": "Tools" }, undo, later, button("Batches", "Escape", () => go("#/")));
  }

  // The last decision stands until another is made.
  function again() {
    if (!last || waiting[0] === last) return;
    waiting.unshift(last);
    show();
    say("the last decision, to change it");
  }

  function postpone() {
    if (waiting.length < 2) return;
    waiting.push(waiting.shift());
    show();
    say("comes again after the others");
  }

  // `said` is a label or an answer, `shown` what people call it.
  async function decide(said, shown) {
    const task = waiting.shift();
    last = task;
    show();
    say(`decided: ${shown}`);
    try {
      await call("POST", `/batches/${encodeURIComponent(batch)}/decisions`, { sample_id: task.sample_id, ...said });
    } catch (error) {
      if (waiting[0] !== task) waiting.unshift(task);
      last = null;
      show();
      body.prepend(h("p", { class: "notice", role: "alert", text: `Not decided: ${sentence(error.message)}` }));
    }
  }

  call("GET", `/batches/${encodeURIComponent(batch)}/disputed`)
    .then(({ disputed }) => { waiting = disputed; show(); })
    .catch((error) => body.append(h("p", { text: `${sentence(error.message)} Esc goes to the batches.` })));
  const stopKeys = onKeys((key) => {
    if (player && player.key(key)) return true;
    if (key === "Escape") go("#/");
    else if (key === "u") again();
    else if (key === "s") postpone();
    else if (current[Number(key) - 1] && waiting.length) decide(...current[Number(key) - 1]);
    else return false;
    return true;
  });
  return () => {
    stopKeys();
    if (player) player.stop();
  };
}
