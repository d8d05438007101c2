"use strict";
// Folds and unfolds the cluster tree. Rows are made when they are first seen, so that ten thousand leaves open at once.
(() => {
  const section = document.getElementById("tree");
  const { samples, nodes } = JSON.parse(document.getElementById("tree-data").textContent);
  const [LEVEL, NUMBER, NAME, SIZE, CHOSEN, CLEAR, NEAREST, BORDER, CHILDREN] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const PAGE = 40;
  const list = section.querySelector(".tree-list");
  const [field, order] = [section.querySelector("input"), section.querySelector("select")];
  const count = (n) => n.toLocaleString("en-US");

  // Every cluster with its way from the top, and what a search looks at; written only when the first search asks.
  let found = null;
  const everything = () => {
    if (found) return found;
    found = [];
    const walk = (node, path) => {
      const texts = [...node[NEAREST], ...node[BORDER]].map((i) => samples[i].slice(0, 2).join(" "));
      found.push({ node, path, words: [node[NAME], ...(node[CHILDREN].length ? [] : texts)].join("\n").toLowerCase() });
      node[CHILDREN].forEach((child) => walk(child, [...path, node[NAME]]));
    };
    nodes.forEach((node) => walk(node, []));
    return found;
  };

  const clear = (node, missing) => (node[CLEAR] === null ? missing : node[CLEAR]);
  const orders = {
    large: (a, b) => b[SIZE] - a[SIZE],
    small: (a, b) => a[SIZE] - b[SIZE],
    vague: (a, b) => clear(a, 2) - clear(b, 2),
    clear: (a, b) => clear(b, -2) - clear(a, -2),
    dropped: (a, b) => b[SIZE] - b[CHOSEN] - (a[SIZE] - a[CHOSEN]),
    name: (a, b) => a[NAME].localeCompare(b[NAME]),
  };

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Text only ever becomes text; what was searched for is marked in it.
  const marked = (element, text, term) => {
    const lower = text.toLowerCase();
    let from = 0;
    for (let at; term && lower.length === text.length && (at = lower.indexOf(term, from)) >= 0; from = at + term.length) {
      element.append(text.slice(from, at), make("mark", "", text.slice(at, at + term.length)));
    }
    element.append(text.slice(from));
    return element;
  };

  const part = (tag, node, most) => {
    const bar = make(tag);
    bar.style.width = `${(100 * node) / most}%`;
    return bar;
  };

  const row = ({ node, path }, most, term) => {
    const summary = make("summary");
    const name = make("span", "name");
    name.append(...node[NEAREST].filter((i) => samples[i][2]).map((i) => image(i, "mini")));
    marked(name, node[NAME], term);
    if (path.length) name.append(make("span", "path", path.join("  ›  ")));
    const size = make("span", "size");
    size.append(part("i", node[SIZE], most), part("b", node[CHOSEN], most));
    const n = make("span", "count", count(node[SIZE]));
    n.append(make("small", "", `${count(node[CHOSEN])} chosen`));
    const quality = make("span", "clear", node[CLEAR] === null ? "–" : node[CLEAR].toFixed(2));
    if (node[CLEAR] !== null && node[CLEAR] < 0.1) quality.classList.add("vague");
    summary.append(name, size, n, quality);
    return summary;
  };

  const image = (i, className) => {
    const image = make("img", className);
    image.src = samples[i][2];
    image.alt = image.title = `${samples[i][1]} ${samples[i][0]}`;
    return image;
  };

  const examples = (title, numbers, term) => {
    const group = make("div", "examples");
    group.append(make("h4", "", title));
    for (const i of numbers) {
      if (samples[i][2]) {
        group.append(image(i, "thumbnail"));
        continue;
      }
      const line = marked(make("p"), samples[i][1], term);
      line.append(" ", make("small", "", samples[i][0]));
      group.append(line);
    }
    return group;
  };

  const unfold = (inside, node, term) => {
    if (node[NEAREST].length) inside.append(examples("Nearest to the centroid", node[NEAREST], term));
    if (node[BORDER].length) inside.append(examples("On the border", node[BORDER], term));
    if (node[CHILDREN].length) {
      const parts = make("div");
      inside.append(make("h4", "", `${count(node[CHILDREN].length)} parts`), parts);
      fill(parts, node[CHILDREN].map((child) => ({ node: child, path: [] })), term);
    }
  };

  const branch = (entry, most, term) => {
    const details = make("details", "node");
    details.append(row(entry, most, term));
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector(":scope > .inside")) return;
      const inside = make("div", "inside");
      unfold(inside, entry.node, term);
      details.append(inside);
    });
    return details;
  };

  const fill = (place, entries, term) => {
    const sorted = [...entries].sort((a, b) => orders[order.value](a.node, b.node) || a.node[NUMBER] - b.node[NUMBER]);
    const most = Math.max(...sorted.map((entry) => entry.node[SIZE]), 1);
    const show = (from) => {
      place.append(...sorted.slice(from, from + PAGE).map((entry) => branch(entry, most, term)));
      const rest = sorted.length - from - PAGE;
      if (rest <= 0) return;
      const button = make("button", "", `${count(Math.min(rest, PAGE))} more of ${count(rest)}`);
      button.type = "button";
      button.addEventListener("click", () => {
        button.remove();
        show(from + PAGE);
      });
      place.append(button);
    };
    place.replaceChildren();
    show(0);
  };

  const draw = () => {
    const term = field.value.trim().toLowerCase();
    const entries = term
      ? everything().filter((entry) => entry.words.includes(term))
      : nodes.map((node) => ({ node, path: [] }));
    fill(list, entries, term);
    if (!entries.length) list.append(make("p", "none", "No cluster has this term in its name or its examples."));
    const many = `${count(entries.length)} ${entries.length === 1 ? "cluster" : "clusters"}`;
    section.querySelector(".tree-status").textContent = term ? `${many} found` : `${many} at the top`;
  };

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 120);
  });
  order.addEventListener("change", draw);
  section.querySelector(".tree-more")?.remove();
  section.querySelector(".tree-tools").hidden = false;
  draw();
})();
