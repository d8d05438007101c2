// Masks that the server predicts: one request at a time for each object, the newest counts, nobody waits for one.

import { call } from "./api.js";

export class Predictions {
  constructor(objects, watch, told) {
    Object.assign(this, { objects, watch, told });
    this.controllers = new Map();
    this.token = 0;
  }

  // Ask for the mask of an object with its points and clicks as they are now.
  ask(taskId, object, points) {
    this.controllers.get(object.id)?.abort();
    const controller = new AbortController();
    const token = (this.token += 1);
    const stands = object.known;
    const body = { object_number: object.id, extreme_points: points, clicks: object.clicks };
    if (stands && object.clicks.length > stands.n_clicks) {
      Object.assign(body, { previous: stands.mask || stands.polygons, n_new_clicks: object.clicks.length - stands.n_clicks });
    }
    controller.token = token;
    this.controllers.set(object.id, controller);
    this.watch.wait(1);
    this.objects.arrive((one) => one === object, { isPending: true, token, problem: null });
    return call("POST", `/tasks/${taskId}/mask`, body, controller.signal)
      .then((found) => this.arrived(object.id, token, object.clicks.length, found))
      .catch((error) => this.failed(object.id, token, error))
      .finally(() => {
        this.watch.wait(-1);
        if (this.controllers.get(object.id) === controller) this.controllers.delete(object.id);
      });
  }

  arrived(id, token, nClicks, { polygons, mask }) {
    this.objects.arrive((one) => one.id === id && one.token === token, {
      polygons, mask, isPending: false, known: { mask, polygons, n_clicks: nClicks } });
    this.told(id, null);
  }

  // An outline that stands already stays, and what is drawn by hand needs no prediction.
  failed(id, token, error) {
    if (error.name === "AbortError") return;
    const problem = error.status === 0 ? "no mask can be predicted while the server cannot be reached; the outline stays as it is" : error.message;
    this.objects.arrive((one) => one.id === id && one.token === token, { isPending: false, failure: problem });
    this.told(id, problem);
  }

  isAsking({ id, token }) {
    return this.controllers.get(id)?.token === token;
  }

  // An object that is drawn by hand from now on, or gone, waits for no mask.
  drop(id) {
    this.controllers.get(id)?.abort();
    this.controllers.delete(id);
  }

  stop() {
    for (const controller of this.controllers.values()) controller.abort();
    this.controllers.clear();
  }
}
