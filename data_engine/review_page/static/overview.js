// The first screen: what is asked, how far it is, and one button to begin.

import { button, count, h, onKeys, percent, sentence } from "./dom.js";

const ASKED = 20;
const AGAIN_MS = 3000;

export function overview({ me, corpora, outbox, call, screen, go }) {
  let next = null;
  const isLost = () => !screen.contains(body);
  const body = h("div", { class: "overview" }, h("p", { class: "quiet", text: "Looking for tasks…" }));
  screen.append(body);

  async function show() {
    await outbox.flush();
    const [{ batches }, { annotators }] = await Promise.all([call("GET", "/batches"), call("GET", "/statistics")]);
    if (isLost()) return;
    const open = batches.filter((batch) => !batch.is_answered && batch.n_left + batch.n_skipped > 0);
    const first = open.find((batch) => batch.n_left > 0) || open[0];
    next = first ? `#/answer/${encodeURIComponent(first.corpus)}` : null;
    body.replaceChildren(
      await head(first, open, batches), pace(annotators[0]), ...notices(),
      h("div", { class: "batches" }, batches.map(card)),
    );
  }

  async function head(first, open, batches) {
    if (first) {
      const n = open.reduce((sum, batch) => sum + batch.n_left + batch.n_skipped, 0);
      return h("div", { class: "start" },
        h("h1", { text: `${count(n, "task")} for you` }),
        h("a", { class: "go", href: next, "aria-keyshortcuts": "Enter" }, h("kbd", { "aria-hidden": "true", text: "Enter" }), "Start"));
    }
    const names = [...corpora.keys()];
    const left = await Promise.all(names.map((name) => call("GET", `/corpora/${encodeURIComponent(name)}/left`)));
    return h("div", { class: "start" }, h("h1", { text: batches.length ? "Nothing waits for you" : "No batch was opened yet" }),
      names.map((name, i) => h("p", {}, h("b", { text: `${corpora.get(name).title}: ` }), left[i].left, " ", me.role === "admin" && !batches.some((batch) => batch.corpus === name && !batch.is_answered) ? asking(name) : null)));
  }

  // An admin opens the next batch from here.
  function asking(name) {
    const tell = (text) => { open.replaceWith(h("span", { class: "quiet", role: "status", text })); };
    const open = button(`Ask ${ASKED} more`, "", async () => {
      open.disabled = true;
      try {
        const { batch_id } = await call("POST", "/batches", { corpus: name, n_queries: ASKED });
        if (batch_id) await show();
        else tell("Nothing is left to ask.");
      } catch (error) {
        tell(sentence(error.message));
      }
    });
    return open;
  }

  function pace(own) {
    const answers = own ? own.n_answers : 0;
    const facts = [["answers of mine", answers.toLocaleString("en")], ["in the last hour", String(own ? own.n_last_hour : 0)],
      ["seconds each, median", own && own.median_s !== null ? own.median_s.toFixed(1) : "–"],
      ["as others answered", own ? percent(own.agreement) : "–"]];
    return h("dl", { class: "facts", "aria-label": "My pace" },
      facts.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))));
  }

  function notices() {
    return [...corpora.values()].flatMap((corpus) => corpus.notices).map((text) => h("p", { class: "notice", text }));
  }

  function card(batch) {
    const corpus = corpora.get(batch.corpus);
    const place = encodeURIComponent(batch.corpus);
    const share = batch.n_tasks ? batch.n_done / batch.n_tasks : 1;
    const links = [h("a", { href: `#/instructions/${place}`, text: "Instructions" })];
    if (!batch.is_answered && batch.n_left + batch.n_skipped) {
      if (corpus.kind === "class") links.unshift(h("a", { href: `#/grid/${place}`, text: "Many at once" }));
      links.unshift(h("a", { href: `#/answer/${place}?batch=${encodeURIComponent(batch.batch_id)}`, text: "Answer" }));
    }
    // Where all who answered agree, or nobody has answered twice, there is nothing to decide; outlines are not compared here.
    const mayDiffer = batch.agreement === null ? batch.kind !== "class" && batch.answers_per_task > 1 : batch.agreement < 1;
    if (me.role !== "annotator" && mayDiffer) links.push(h("a", { href: `#/disputes/${encodeURIComponent(batch.batch_id)}`, text: "Disputed" }));
    const bar = h("progress", { max: batch.n_tasks, value: batch.n_done, "aria-label": `done of ${batch.batch_id}` });
    const said = [`${batch.n_done} of ${count(batch.n_tasks, "task")} done (${percent(share)})`, `${batch.n_mine} by you`];
    if (batch.n_left) said.push(`${batch.n_left} left for you`);
    if (batch.n_skipped) said.push(`${batch.n_skipped} skipped by you`);
    const nClosed = batch.n_tasks - batch.n_done;
    if (batch.is_answered && nClosed) said.push(`${nClosed} decided or ended without`);
    if (batch.agreement !== null) said.push(`agreement ${batch.agreement.toFixed(2)}`);
    return h("section", { class: batch.is_answered ? "plate done" : "plate", "aria-label": batch.batch_id },
      h("h2", { text: batch.batch_id }),
      h("p", { class: "quiet small", text: `${corpus.title} · ${batch.cause} · ${new Date(batch.opened_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}` }),
      h("p", { text: batch.question }), bar, h("p", { class: "quiet small", text: said.join(" · ") }),
      h("p", { class: "links" }, links));
  }

  let timer = null;
  function begin() {
    show().catch((error) => {
      body.replaceChildren(h("h1", { text: "The batches cannot be shown" }), h("p", { text: sentence(error.message) }),
        h("p", { class: "quiet", text: "It is tried again by itself; what you answered is kept in this browser." }));
      timer = setTimeout(begin, AGAIN_MS);
    });
  }
  begin();
  const stop = onKeys((key) => {
    if (key !== "Enter" || !next) return false;
    go(next);
    return true;
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
