// Samples that people disagree about, their answers side by side and without names; a reviewer decides.

import { button, count, h, onKeys, say } from "./dom.js";

export function disputes({ call, image, screen, rest, go }) {
  const batch = rest[0];
  let waiting = [];
  let current = [];
  const body = h("div", {}, h("h1", { text: "Disputed" }));
  screen.append(body);

  function show() {
    const task = waiting[0];
    if (!task) {
      body.replaceChildren(h("h1", { text: "Nothing is disputed" }), h("p", {}, h("a", { href: "#/", text: "To the batches" })));
      return;
    }
    const sides = new Map();
    for (const answer of task.answers) sides.set(answer.label, [...(sides.get(answer.label) || []), answer]);
    current = [...sides.keys()];
    const sample = task.is_image ? h("img", { alt: "the image that is asked about" }) : h("p", { text: task.text });
    if (task.is_image) image(task.task_id).then((address) => { sample.src = address; }, () => { sample.alt = "the image cannot be shown"; });
    body.replaceChildren(
      h("h1", { text: task.question }),
      h("p", { class: "quiet small", text: `${count(waiting.length, "sample")} of ${batch} disputed` }),
      h("div", { class: "task-sample", tabindex: "0", role: "region", "aria-label": "Sample" }, sample),
      h("div", { class: "sides" }, [...sides].map(([label, answers], i) => h("section", { class: "plate" },
        h("h2", { text: label }), h("p", { class: "quiet", text: `${count(answers.length, "answer")}` }),
        answers.filter((answer) => answer.comment).map((answer) => h("blockquote", { text: answer.comment })),
        button(`Decide ${label}`, String(i + 1), () => decide(label))))),
      h("label", { class: "other" }, "Another class ",
        h("select", { onchange: (event) => event.target.value && decide(event.target.value) },
          h("option", { value: "", text: "choose…" }), task.classes.map((name) => h("option", { value: name, text: name })))),
    );
  }

  async function decide(label) {
    const task = waiting.shift();
    show();
    say(`decided: ${label}`);
    try {
      await call("POST", `/batches/${encodeURIComponent(batch)}/decisions`, { sample_id: task.sample_id, label });
    } catch (error) {
      waiting.unshift(task);
      show();
      body.prepend(h("p", { class: "notice", text: error.message }));
    }
  }

  call("GET", `/batches/${encodeURIComponent(batch)}/disputed`)
    .then(({ disputed }) => { waiting = disputed; show(); })
    .catch((error) => body.append(h("p", { text: error.message })));
  return onKeys((key) => {
    if (key === "Escape") go("#/");
    else if (current[Number(key) - 1] && waiting.length) decide(current[Number(key) - 1]);
    else return false;
    return true;
  });
}
