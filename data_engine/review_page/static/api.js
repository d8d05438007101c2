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

async function request(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
      keepalive: method === "PUT",
    });
  } catch {
    throw new Failed(0, "the server cannot be reached");
  }
  if (response.ok) return response;
  let said = `the server answered ${response.status}`;
  try {
    said = (await response.json()).error || said;
  } catch { /* an answer that is no JSON says nothing more */ }
  throw new Failed(response.status, said);
}

export async function call(method, path, body) {
  const response = await request(method, path, body);
  return response.status === 204 ? null : response.json();
}

const images = new Map();
const MOST_IMAGES = 80;

// The image of a task as an address within this page; asked for once, so that it can be loaded ahead.
export function image(taskId, size = "full") {
  const key = `${taskId}/${size}`;
  if (!images.has(key)) {
    const loading = request("GET", `/tasks/${taskId}/media?size=${size}`)
      .then((response) => response.blob())
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
