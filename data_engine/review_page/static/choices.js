// The classes as buttons with keys; more than ten have a search, and keys for those that somebody uses most.

import { h } from "./dom.js";

const MOST_WITHOUT_SEARCH = 10;
const LONG_NAME = 26;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

export class Choices {
  constructor(corpus, choose) {
    this.storage = `review-used:${corpus.name}`;
    this.choose = choose;
    this.classes = [];
    this.buttons = new Map();
    this.keys = new Map();
    this.search = h("input", { type: "search", class: "search", "aria-label": "Search the classes", placeholder: "search (/), Enter takes the first" });
    this.search.addEventListener("input", () => this.filter());
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    this.list = h("div", { class: "choices", role: "group", "aria-label": "Classes" });
    this.element = h("div", { class: "choice-area" }, this.search, this.list);
  }

  show(task) {
    const classes = task ? task.classes : [];
    if (classes.join("\n") !== this.classes.join("\n")) this.build(classes);
    if (this.search.value) {
      this.search.value = "";
      this.filter();
    }
    for (const [name, node] of this.buttons) {
      const isProposed = Boolean(task) && name === task.proposed_label;
      node.classList.toggle("proposed", isProposed);
      node.classList.toggle("given", Boolean(task) && name === task.label);
      node.setAttribute("aria-label", isProposed ? `${name}, proposed` : name);
    }
    this.proposed = task ? task.proposed_label : null;
    if (task && this.isLong) this.reveal(task.label || task.proposed_label);
  }

  get isLong() {
    return this.classes.length > MOST_WITHOUT_SEARCH;
  }

  build(classes) {
    this.classes = [...classes];
    this.keys = keysOf(classes, this.isLong ? this.mostUsed() : classes);
    const keyOf = new Map([...this.keys].map(([key, name]) => [name, key]));
    this.buttons = new Map(classes.map((name) => [name, h("button", { type: "button", class: "choice", onclick: () => this.choose(name), "aria-keyshortcuts": keyOf.get(name) || null },
      h("kbd", { "aria-hidden": "true", text: keyOf.get(name) || "" }), h("span", { text: name }))]));
    this.search.hidden = !this.isLong;
    this.list.classList.toggle("long", this.isLong);
    this.list.classList.toggle("wide", classes.some((name) => name.length > LONG_NAME));
    const withKeys = classes.filter((name) => keyOf.has(name));
    const others = classes.filter((name) => !keyOf.has(name));
    withKeys.sort((a, b) => KEYS.indexOf(keyOf.get(a)) - KEYS.indexOf(keyOf.get(b)));
    const order = this.isLong ? [...withKeys, ...others] : classes;
    this.list.replaceChildren(...order.map((name) => this.buttons.get(name)));
  }

  labelOf(key) {
    return this.keys.get(key);
  }

  mostUsed() {
    const used = JSON.parse(localStorage.getItem(this.storage) || "{}");
    return [...this.classes].sort((a, b) => (used[b] || 0) - (used[a] || 0));
  }

  used(label) {
    const used = JSON.parse(localStorage.getItem(this.storage) || "{}");
    used[label] = (used[label] || 0) + 1;
    localStorage.setItem(this.storage, JSON.stringify(used));
  }

  reveal(name) {
    const node = this.buttons.get(name);
    const top = node ? node.offsetTop - this.list.offsetTop : 0;
    const isSeen = top >= this.list.scrollTop && top + (node ? node.offsetHeight : 0) <= this.list.scrollTop + this.list.clientHeight;
    if (!isSeen) this.list.scrollTop = Math.max(0, top - 60);
  }

  focusSearch() {
    if (this.isLong) this.search.focus();
  }

  found() {
    const wanted = this.search.value.trim().toLowerCase();
    const names = [...this.list.children].map((node) => node.lastChild.textContent);
    if (!wanted) return names;
    const begun = names.filter((name) => name.toLowerCase().startsWith(wanted));
    return [...begun, ...names.filter((name) => !begun.includes(name) && name.toLowerCase().includes(wanted))];
  }

  filter() {
    const found = new Set(this.found());
    const isSearching = Boolean(this.search.value.trim());
    const [first] = found;
    for (const [name, node] of this.buttons) {
      node.hidden = !found.has(name);
      node.classList.toggle("first", isSearching && name === first);
    }
  }

  searchKey(event) {
    if (event.key === "Enter") {
      const [first] = this.found();
      event.preventDefault();
      if (this.search.value.trim() ? first : this.proposed) this.choose(this.search.value.trim() ? first : this.proposed);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.search.value = "";
      this.filter();
      document.getElementById("screen").focus();
    }
  }
}

// A class that is called 3 has the key 3; where one is called like a key, the others have none.
function keysOf(classes, order) {
  if (classes.some((name) => /^\d+$/.test(name))) return new Map(classes.filter((name) => KEYS.includes(name)).map((name) => [name, name]));
  return new Map(order.slice(0, KEYS.length).map((name, i) => [KEYS[i], name]));
}
