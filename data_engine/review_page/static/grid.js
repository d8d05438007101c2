// Many tasks at once that propose the same class: the wrong ones are clicked, the others are answered together.

import { button, count, h, onKeys, say, sentence } from "./dom.js";
import { Feed } from "./feed.js";
import { answering } from "./answering.js";
import { Stopwatch } from "./seconds.js";

const TILES = 24;

export function grid(context) {
  const { corpora, outbox, call, image, screen, rest, go, setLeave } = context;
  const corpus = corpora.get(rest[0]);
  if (!corpus) {
    go("#/");
    return null;
  }
  const watch = new Stopwatch();
  let feed = null;
  let label = null;
  let wrong = new Set();
  const body = h("div", { class: "grid-screen" });
  screen.append(body);
  choose();

  async function choose() {
    if (feed) feed.stop();
    feed = label = null;
    await outbox.flush();
    try {
      const { proposed } = await call("GET", `/corpora/${encodeURIComponent(corpus.name)}/proposed`);
      const names = Object.keys(proposed);
      body.replaceChildren(h("h1", { text: names.length ? "Which class?" : "No open task proposes a class" }),
        h("p", { class: "quiet", text: names.length ? "All tasks that propose it are shown together; click the wrong ones." : "Answer one by one; proposals come once a classifier was trained." }),
        h("div", { class: "choices" }, names.map((name, i) => button(`${name} (${proposed[name]})`, i < 9 ? String(i + 1) : "", () => open(name)))));
    } catch (error) {
      body.replaceChildren(h("h1", { text: "The classes cannot be shown" }), h("p", { text: `${sentence(error.message)} Esc goes to the batches.` }));
    }
  }

  function open(name) {
    label = name;
    wrong = new Set();
    feed = new Feed({ corpus: corpus.name, proposed: name, ahead: TILES }, outbox);
    feed.addEventListener("change", show);
    feed.fill();
    body.replaceChildren(h("h1", { text: `All of these are ${name}` }), h("p", { class: "quiet", text: "Looking for tasks…" }));
  }

  function show() {
    if (!feed.tasks.length) {
      choose();
      return;
    }
    watch.start();
    body.replaceChildren(
      h("h1", { text: `All of these are ${label}` }),
      h("p", { class: "quiet", text: `${feed.tasks[0].question} Click the wrong ones; they are asked one by one afterwards.` }),
      h("div", { class: "tiles" }, feed.tasks.map(tile)),
      h("div", { class: "tools" }, button("", "Enter", confirm, { id: "confirm", class: "go" }), button("Another class", "Escape", choose)));
    showCount();
  }

  function tile(task, i) {
    const shown = task.is_image ? h("img", { alt: task.uri }) : h("span", { class: "excerpt", text: task.text.slice(0, 220) });
    if (task.is_image) image(task.task_id, "small").then((address) => { shown.src = address; }, () => shown.replaceWith(h("span", { class: "lacks", text: "It cannot be shown." })));
    const node = h("button", { type: "button", class: "tile", "aria-pressed": String(wrong.has(task.task_id)), "aria-label": `${i + 1}: wrong? ${task.text.slice(0, 60) || task.uri}`,
      onclick: () => {
        if (!wrong.delete(task.task_id)) wrong.add(task.task_id);
        node.setAttribute("aria-pressed", String(wrong.has(task.task_id)));
        showCount();
      } }, shown);
    node.addEventListener("keydown", (event) => move(event, node));
    return node;
  }

  function move(event, node) {
    const tiles = [...body.querySelectorAll(".tile")];
    const across = tiles.filter((other) => other.offsetTop === tiles[0].offsetTop).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
    const target = step && tiles[tiles.indexOf(node) + step];
    if (event.key === "Enter") {
      event.preventDefault();
      confirm();
    } else if (target) {
      event.preventDefault();
      target.focus();
    }
  }

  function showCount() {
    const n = feed.tasks.length - wrong.size;
    body.querySelector("#confirm span").textContent = `Answer ${n} as ${label}${wrong.size ? `, then ${wrong.size} one by one` : ""}`;
  }

  function confirm() {
    const each = watch.seconds() / feed.tasks.length;
    const right = feed.tasks.filter((task) => !wrong.has(task.task_id));
    for (const { lease_id, task_id } of right) outbox.add({ kind: "answer", lease_id, task_id, label, comment: null, active_s: each });
    say(`${count(right.length, "answer")} given`);
    feed.tasks = feed.tasks.filter((task) => wrong.has(task.task_id));
    if (!feed.tasks.length) {
      wrong = new Set();
      body.replaceChildren(h("h1", { text: `All of these are ${label}` }), h("p", { class: "quiet", text: "Looking for tasks…" }));
      feed.fill();
      return;
    }
    const left = feed;
    left.removeEventListener("change", show);
    feed = null;
    stopKeys();
    watch.stop();
    screen.replaceChildren();
    left.ahead = 0;
    left.isDry = true;
    setLeave(answering({ ...context, feed: left, params: new URLSearchParams() }) || (() => {}));
  }

  const stopKeys = onKeys((key) => {
    if (key === "Escape") label ? choose() : go("#/");
    else if (key === "Enter" && label) confirm();
    else if (/^Arrow/.test(key) && body.querySelector(".tile")) body.querySelector(".tile").focus();
    else if (!label && /^[1-9]$/.test(key) && body.querySelectorAll(".choices button")[key - 1]) body.querySelectorAll(".choices button")[key - 1].click();
    else return false;
    return true;
  });
  return () => {
    stopKeys();
    watch.stop();
    if (feed) feed.stop();
  };
}
