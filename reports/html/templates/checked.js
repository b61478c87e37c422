const parts = new Map();
const chosen = { text: "", verdicts: new Set() };

async function shownMessage(details) {
  const inside = details.querySelector("[data-message-in]");
  const id = inside ? inside.dataset.messageIn : "";
  if (!id || inside.childNodes.length) { return; }
  inside.append("");
  if (!parts.has(id)) { parts.set(id, unpacked(id).then(JSON.parse)); }
  const detail = (await parts.get(id))[details.dataset.message];
  inside.append(judgedOf(detail), ...detail.m.map(messageOf));
}

async function reveal(anchor) {
  let target = document.getElementById(anchor);
  if (!target) { target = document.getElementById(anchor.split("/")[0]); }
  if (!target) { return; }
  for (let part = target; part; part = part.parentElement) {
    part.classList.remove("out");
    if (part.tagName === "DETAILS") { part.open = true; await shownMessage(part); }
  }
  target.scrollIntoView();
}

function follow() { if (location.hash.length > 1) { reveal(decodeURIComponent(location.hash.slice(1))); } }

function filterAll() {
  document.querySelectorAll("details.play, .finding").forEach(function (part) {
    const named = !chosen.text || part.textContent.toLowerCase().includes(chosen.text);
    const wanted = !chosen.verdicts.size || chosen.verdicts.has(part.dataset.verdict);
    part.classList.toggle("out", !(named && wanted));
  });
}

document.addEventListener("toggle", function (event) { if (event.target.matches("details[data-message]") && event.target.open) { shownMessage(event.target); } }, true);
document.addEventListener("click", function (event) {
  const button = event.target.closest("button");
  if (button && button.matches(".copy")) { copied(button, button.dataset.copy); return; }
  if (button && button.dataset.do === "raw") { showBytes(button); return; }
  if (button && button.dataset.do === "place") { showPlace(button); return; }
  const link = event.target.closest("a");
  const href = link ? link.getAttribute("href") : null;
  if (href && href === location.hash) { event.preventDefault(); reveal(decodeURIComponent(href.slice(1))); }
});
document.getElementById("find").addEventListener("input", function (event) { chosen.text = event.target.value.trim().toLowerCase(); filterAll(); });
document.getElementById("filters").addEventListener("click", function (event) {
  const verdict = event.target.dataset.verdict;
  if (!verdict) { return; }
  const on = !chosen.verdicts.delete(verdict);
  if (on) { chosen.verdicts.add(verdict); }
  event.target.setAttribute("aria-pressed", String(on));
  filterAll();
});
document.getElementById("theme").addEventListener("click", nextTheme);
document.addEventListener("keydown", function (event) {
  if (isTyping(event)) { return; }
  if (event.key === "/") { event.preventDefault(); document.getElementById("find").focus(); }
  if (event.key === "t") { nextTheme(); }
});
window.addEventListener("hashchange", follow);
window.addEventListener("beforeprint", function () { document.querySelectorAll("details.others").forEach(function (part) { part.open = true; }); });
ready(document);
document.getElementById("filters").hidden = false;
follow();
document.documentElement.dataset.ready = "yes";
