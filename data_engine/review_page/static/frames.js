// Where a frame is in its video, with the frames before and after it, which can be looked at.

import { image } from "./api.js";
import { button, h } from "./dom.js";

const BESIDE = { previous: { key: ",", before: "before" }, next: { key: ".", before: "after" } };

export const seconds = (s) => (s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")} min`);

// A line and two small frames; nothing where the task is about no frame.
export function framesOf({ frame, task_id: taskId }) {
  if (!frame) return [];
  const beside = Object.keys(BESIDE).filter((which) => frame[`${which}_s`] !== null).map((which) => thumbnail(frame, taskId, which));
  return [h("span", { class: "frame-place", text: `frame ${seconds(frame.time_s)} of ${frame.video}` }), h("span", { class: "frames", role: "group", "aria-label": "Frames beside this one" }, beside)];
}

function thumbnail(frame, taskId, which) {
  const { key, before } = BESIDE[which];
  const time = seconds(frame[`${which}_s`]);
  const small = h("img", { alt: "", draggable: "false" });
  image(taskId, "small", which).then((address) => { small.src = address; }, () => small.remove());
  const shown = button(`${before}: ${time}`, key, () => look(frame, taskId, which), { class: "beside", "data-key": key, title: `look at the frame ${before} this one` });
  shown.prepend(small);
  return shown;
}

// The frame beside, as large as the screen; any key or click goes back.
function look(frame, taskId, which) {
  const large = h("img", { alt: `the frame ${BESIDE[which].before} this one, ${seconds(frame[`${which}_s`])} of ${frame.video}` });
  const dialog = h("dialog", { class: "look", "aria-label": large.alt }, large, h("p", { class: "quiet small", text: `${seconds(frame[`${which}_s`])} of ${frame.video}. Any key or click goes back.` }));
  const close = (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
  };
  dialog.addEventListener("keydown", close);
  dialog.addEventListener("click", close);
  dialog.addEventListener("close", () => dialog.remove());
  image(taskId, "full", which).then((address) => { large.src = address; }, (error) => large.replaceWith(h("p", { text: `The frame cannot be shown: ${error.message}` })));
  document.body.append(dialog);
  dialog.showModal();
}

// The keys of the frames beside; whether this was one of them.
export function lookedBeside(key, place) {
  const found = [...place.querySelectorAll(".beside")].find((one) => one.dataset.key === key);
  found?.click();
  return Boolean(found);
}
