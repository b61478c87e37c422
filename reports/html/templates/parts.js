"use strict";
// Values from the wire become text nodes and attributes here, never markup. Packed plays and tables are the page's own
// escaped markup, and the policy of the page lets no script in them run.

function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false && value !== "") { made.setAttribute(name, value === true ? "" : value); }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function drawn(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) { made.setAttribute(name, String(value)); }
  if (text) { made.textContent = text; }
  return made;
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) { bytes[at] = text.charCodeAt(at); }
  return bytes;
}

async function unpacked(id) {
  const block = document.getElementById(id);
  const stream = new Blob([bytesOf(block.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const filling = new Map();

function filled(details) {
  const body = details.querySelector(":scope > .body[data-part]");
  if (!body) { return Promise.resolve(); }
  if (!filling.has(body)) {
    filling.set(body, unpacked(body.dataset.part).then(function (text) {
      body.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      body.removeAttribute("data-part");
      ready(body);
      document.dispatchEvent(new CustomEvent("filled", { detail: body }));
    }));
  }
  return filling.get(body);
}

function ready(root) {
  root.querySelectorAll(".copy[hidden]").forEach(function (button) { button.hidden = false; });
}

function copied(button, text) {
  function done() { const was = button.textContent; button.textContent = "copied"; setTimeout(function () { button.textContent = was; }, 1200); }
  if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done); return; }
  const area = node("textarea", { readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  if (document.execCommand("copy")) { done(); }
  area.remove();
}

function isTyping(event) {
  return /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey;
}

const THEMES = ["", "light", "dark"];

function nextTheme() {
  const root = document.documentElement;
  const now = THEMES.find((name) => name && root.classList.contains(name)) || "";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  root.classList.remove("light", "dark");
  if (next) { root.classList.add(next); }
  document.getElementById("theme").textContent = next ? `Theme: ${next}` : "Theme";
}
