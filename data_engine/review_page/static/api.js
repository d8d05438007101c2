// Requests to the server. The token comes from the fragment of the address, which no server ever sees.

const TOKEN = "review-token";
const given = new URLSearchParams(location.hash.replace(/^#/, "")).get("token");
if (given) {
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", `${location.pathname}#/`);
}
const token = sessionStorage.getItem(TOKEN) || "";

// The server answered with an error; status 0: it could not be reached.
export class Failed extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Requests that outlive the page have a size that browsers limit.
const MOST_KEPT_ALIVE = 60000;

async function request(method, path, body, signal) {
  let response;
  const text = body ? JSON.stringify(body) : undefined;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: text,
      keepalive: method === "PUT" && text.length < MOST_KEPT_ALIVE,
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed(0, "the server cannot be reached");
  }
  if (response.ok) return response;
  let said = `the server answered ${response.status}`;
  try {
    said = (await response.json()).error || said;
  } catch { /* an answer that is no JSON says nothing more */ }
  throw new Failed(response.status, said);
}

export async function call(method, path, body, signal) {
  const response = await request(method, path, body, signal);
  return response.status === 204 ? null : response.json();
}

const images = new Map();
const sizes = new Map();
const MOST_IMAGES = 80;

// The image of a task as an address within this page; asked for once, so that it can be loaded ahead. `beside` is for
// the previous or next frame of its video.
export function image(taskId, size = "full", beside = "") {
  const key = `${taskId}/${size}/${beside}`;
  if (!images.has(key)) {
    const loading = request("GET", `/tasks/${taskId}/media?size=${size}${beside && `&beside=${beside}`}`)
      .then((response) => {
        if (!beside) sizes.set(taskId, response.headers.get("X-Image-Size") || "0x0");
        return response.blob();
      })
      .then((blob) => URL.createObjectURL(blob));
    loading.catch(() => images.delete(key));
    images.set(key, loading);
    if (images.size > MOST_IMAGES) {
      const [oldest] = images.keys();
      images.get(oldest).then((address) => URL.revokeObjectURL(address), () => {});
      images.delete(oldest);
    }
  }
  return images.get(key);
}

// What a player plays of a task, as an address within this page.
export async function sound(taskId) {
  return URL.createObjectURL(await (await request("GET", `/tasks/${taskId}/player`)).blob());
}

// The image of a task decoded, with its own size, of which the shown one may be a smaller version.
export async function imageWithSize(taskId) {
  const address = await image(taskId);
  const decoded = new Image();
  decoded.src = address;
  await decoded.decode();
  const [width, height] = (sizes.get(taskId) || "0x0").split("x").map(Number);
  return { address, size: width && height ? { width, height } : { width: decoded.naturalWidth, height: decoded.naturalHeight } };
}
