// The start of the page: who is asking, which screen is shown, whether all answers have arrived.

import { call, image } from "./api.js";
import { answering } from "./answering.js";
import { ObjectAnswering } from "./object_answering.js";
import { disputes } from "./disputes.js";
import { count, h, say, sentence } from "./dom.js";
import { grid } from "./grid.js";
import { instructions } from "./instructions.js";
import { Outbox } from "./outbox.js";
import { overview } from "./overview.js";
import { people } from "./people.js";

const TITLES = { answer: "Answering", grid: "Many at once", instructions: "Instructions", disputes: "Disputed", people: "People" };
const answer = (context) => answering(context, context.corpora.get(context.rest[0])?.kind === "objects" ? ObjectAnswering : undefined);
const SCREENS = { "": overview, answer, grid, instructions, disputes, people };
const screen = document.getElementById("screen");
let leave = () => {};
let state = null;

async function start() {
  try {
    const [me, { corpora }] = await Promise.all([call("GET", "/me"), call("GET", "/corpora")]);
    state = { me, corpora: new Map(corpora.map((corpus) => [corpus.name, corpus])), outbox: new Outbox(me.annotator), call, image };
  } catch (error) {
    refuse(error);
    return;
  }
  document.getElementById("who").textContent = `${state.me.annotator} · ${state.me.role}`;
  state.outbox.addEventListener("change", showSync);
  state.outbox.addEventListener("refused", ({ detail }) => showRefused(detail));
  showSync();
  addEventListener("hashchange", route);
  route();
}

function refuse(error) {
  const isReachable = error.status !== 0;
  screen.replaceChildren(
    h("h1", { text: isReachable ? "This link does not open the page" : "The server cannot be reached" }),
    h("p", { text: isReachable ? sentence(error.message) : "Start it with data-engine review; this page tries again by itself." }),
    isReachable ? h("p", { class: "quiet", text: "data-engine review prints a link; an admin makes one for somebody else with data-engine review tokens create NAME." }) : "",
  );
  if (!isReachable) setTimeout(start, 2000);
}

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  leave();
  leave = () => {};
  document.body.dataset.screen = name || "overview";
  document.title = `${TITLES[name] || "Batches"} · Review`;
  nav(name);
  screen.replaceChildren();
  scrollTo(0, 0);
  const show = SCREENS[name] || overview;
  const params = new URLSearchParams(query || "");
  leave = show({ ...state, screen, rest, params, go, setLeave: (left) => { leave = left; } }) || (() => {});
  screen.focus({ preventScroll: true });
}

function go(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

function nav(current) {
  const links = [["", "Batches"], ["people", state.me.role === "annotator" ? "My answers" : "People"]];
  document.getElementById("nav").replaceChildren(
    ...links.map(([name, text]) => h("a", { href: `#/${name}`, "aria-current": name === current ? "page" : null, text })),
  );
}

function showSync() {
  const n = state.outbox.entries().length;
  const sync = document.getElementById("sync");
  const { problem } = state.outbox;
  sync.className = n && problem ? "late" : "quiet";
  if (!n) sync.textContent = "all answers are kept";
  else if (problem === "offline") sync.textContent = `offline: ${count(n, "answer")} kept in this browser`;
  else if (problem) sync.textContent = `${count(n, "answer")} kept in this browser: ${problem}`;
  else sync.textContent = `sending ${count(n, "answer")}`;
  if (state.outbox.isShutOut) showShutOut();
}

// The token was revoked or is too old while somebody answers: nothing is lost, but another link is needed.
function showShutOut() {
  if (document.getElementById("shut-out")) return;
  const text = "This link opens the page no longer. What was not sent yet is kept in this browser, and is sent once you open a new link of your name here.";
  screen.before(h("p", { id: "shut-out", class: "notice", role: "alert", text }));
}

function showRefused({ entry, error }) {
  const what = entry.kind === "skip" ? "What you did" : `Your answer${entry.label ? ` ${entry.label}` : ""}`;
  const text = sentence(`${what} was not taken: ${error.message}`);
  const old = document.getElementById("refused");
  const notice = h("p", { id: "refused", class: "notice" }, h("span", { text }), " ",
    h("button", { type: "button", text: "Close", onclick: () => notice.remove() }));
  if (old) old.remove();
  screen.after(notice);
  say(text);
}

start();
