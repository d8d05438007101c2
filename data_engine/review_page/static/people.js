// How people answer: oneself, and everybody for reviewers.

import { h, onKeys, percent, sentence } from "./dom.js";

export function people({ me, corpora, call, screen, go }) {
  const isReviewer = me.role !== "annotator";
  const body = h("div", {}, h("h1", { text: isReviewer ? "People" : "My answers" }));
  screen.append(body);
  const columns = [["answers", (row) => row.n_answers], ["in the last hour", (row) => row.n_last_hour],
    ["seconds each, median", (row) => (row.median_s === null ? "–" : row.median_s.toFixed(1))],
    ["as others answered", (row) => shareOf(row.agreement, row.n_compared)],
    ["corrected", (row) => row.n_corrected], ["skipped", (row) => row.n_skipped],
    ...(isReviewer ? [["traps caught", (row) => shareOf(row.trap_catch_rate, row.n_traps)],
      ["seconds by arm", (row) => Object.entries(row.seconds_by_arm).map(([arm, s]) => `${arm} ${s.toFixed(1)}`).join(", ") || "–"]] : [])];

  function own(row) {
    return h("dl", { class: "facts more", "aria-label": "My answers" },
      columns.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: String(value(row)) }))));
  }

  function table(rows) {
    const heads = ["annotator", ...columns.map(([name]) => name)];
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Statistics" }, h("table", {},
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows.map((row) => h("tr", {},
        h("th", { scope: "row" }, row.annotator, row.is_simulated ? h("span", { class: "tag simulated", text: "simulated" })
          : h("span", { class: "quiet small code", text: row.shown_as })),
        columns.map(([, value]) => h("td", { text: String(value(row)) })))))));
  }

  // Which question it answers, where the page has several.
  const whose = (row) => (corpora.size > 1 ? `${corpora.get(row.corpus).title} · ` : "");

  async function show() {
    const { annotators } = await call("GET", isReviewer ? "/statistics/people" : "/statistics");
    body.append(annotators.length ? (isReviewer ? table(annotators) : own(annotators[0])) : h("p", { class: "quiet", text: "Nobody has answered yet." }));
    if (isReviewer) body.append(h("p", { class: "quiet small", text: "Checks, reports and SQL marts name people by the codes beside their names. Seconds are those of people; simulated annotators have none." }));
    const { answers } = await call("GET", "/annotations/last");
    if (answers.length) {
      body.append(h("h2", { text: "My last answers" }), h("ol", { class: "last" }, answers.map((row) => h("li", {},
        h("b", { text: row.label ?? row.shown }), " ", h("span", { class: "quiet", text: `${whose(row)}${row.is_image ? row.uri : row.text.slice(0, 120)}` })))));
    }
  }

  show().catch((error) => body.append(h("p", { text: `${sentence(error.message)} Esc goes to the batches.` })));
  return onKeys((key) => key === "Escape" && (go("#/"), true));
}

function shareOf(share, n) {
  return n ? `${percent(share)} of ${n}` : "–";
}
