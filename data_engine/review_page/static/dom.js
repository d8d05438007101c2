// Building elements; texts only ever become text.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function button(label, key, onclick, props = {}) {
  return h("button", { type: "button", onclick, "aria-keyshortcuts": key || null, ...props },
    key ? h("kbd", { "aria-hidden": "true", text: key }) : null, h("span", { text: label }));
}

export function say(text) {
  document.getElementById("said").textContent = text;
}

export function count(n, noun) {
  const plural = noun.endsWith("ch") ? `${noun}es` : `${noun}s`;
  return `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;
}

// A message of the server as a sentence: a capital first, a full stop last.
export function sentence(text) {
  const shown = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(shown) ? shown : `${shown}.`;
}

export function percent(share) {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}

export function isTyping(event) {
  return /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
}

// Keys that are typed anywhere on the screen, but in a field or with a modifier.
export function onKeys(handler) {
  const listener = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event)) return;
    if (event.key === "Enter" && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName)) return;
    if (event.key === " " && /^(BUTTON|SUMMARY)$/.test(event.target.tagName)) return;
    if (handler(event.key, event)) event.preventDefault();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}
