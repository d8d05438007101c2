// What is asked and what each class means, with answered samples as examples.

import { h, onKeys } from "./dom.js";
import { MEANINGS } from "./editor_keys.js";

export function instructions({ corpora, call, image, screen, rest, go }) {
  const corpus = corpora.get(rest[0]);
  if (!corpus) {
    screen.append(h("h1", { text: "There is no such corpus here" }), h("p", {}, h("a", { class: "line", href: "#/", text: "To the batches" })));
    return null;
  }
  // Only what somebody scrolls to is asked for, so that the first task need not wait for examples.
  const loads = new WeakMap();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      seen.unobserve(entry.target);
      loads.get(entry.target)();
    }
  });
  const whenSeen = (node, load) => { loads.set(node, load); seen.observe(node); };
  const target = `#/answer/${encodeURIComponent(corpus.name)}`;
  localStorage.setItem(`review-instructed:${corpus.name}`, corpus.question);
  const places = new Map(corpus.classes.map((name) => [name, h("div", { class: "examples" })]));
  screen.append(
    h("div", { class: "start" },
      h("h1", { text: corpus.question }),
      h("a", { class: "go", href: target, "aria-keyshortcuts": "Enter" }, h("kbd", { "aria-hidden": "true", text: "Enter" }), "Answer")),
    corpora.size > 1 ? h("p", { class: "quiet small", text: corpus.title }) : "",
    h("p", { text: corpus.instructions }),
    corpus.kind === "objects" ? keysOfEditor()
      : h("p", { class: "quiet small", text: "One key answers and moves on; u takes the last answer back, s skips, i comes back here." }),
    h("div", { class: "classes" }, corpus.classes.map((name) => h("section", { class: "plate" },
      h("h2", { text: name }),
      name === corpus.out_of_scope ? h("p", { class: "quiet small", text: "It does not belong here; such samples are not released." }) : null,
      corpus.definitions[name] ? h("p", { text: corpus.definitions[name] }) : null,
      places.get(name)))),
  );
  call("GET", `/corpora/${encodeURIComponent(corpus.name)}/examples`).then(({ examples }) => {
    for (const [name, rows] of Object.entries(examples)) {
      const place = places.get(name);
      if (!place) continue;
      if (rows.some((row) => row.is_simulated)) place.append(h("p", { class: "whole" }, h("span", { class: "tag simulated", text: "answered by a simulated annotator" })));
      place.append(...rows.map(example));
    }
    for (const place of corpus.kind === "class" ? places.values() : []) if (!place.childElementCount) place.append(h("p", { class: "quiet small whole", text: "No answered sample yet." }));
  }).catch(() => {});

  function example(row) {
    if (!corpus.is_image) return h("p", { class: "sample", text: row.text.length > 300 ? `${row.text.slice(0, 300)}…` : row.text });
    const shown = h("img", { class: "small-image", alt: `example ${row.uri}` });
    whenSeen(shown, () => image(row.task_id, "small").then((address) => { shown.src = address; }, () => { shown.alt = "the sample cannot be shown"; }));
    return shown;
  }

  const stopKeys = onKeys((key) => {
    if (key === "Enter" || key === "i") go(target);
    else if (key === "Escape") go("#/");
    else return false;
    return true;
  });
  return () => {
    stopKeys();
    seen.disconnect();
  };
}

function keysOfEditor() {
  return h("div", {}, h("p", { text: "Click the four ends of an object: the mask is predicted, and you go on. Mend it by clicks inside and outside, or by its vertices; one image can have many objects." }),
    h("ul", { class: "keys-of-editor", "aria-label": "Keys" }, MEANINGS.map(([keys, meaning]) => h("li", {}, h("kbd", { text: keys }), meaning))));
}
