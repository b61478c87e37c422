function playOf(anchor) {
  let found = null;
  plays.forEach(function (play) { if (anchor.startsWith(`${play.id}/`) && (!found || play.id.length > found.id.length)) { found = play; } });
  return found;
}

async function reveal(anchor) {
  const exchange = /^x([0-9]+)$/.exec(anchor);
  if (exchange) { await openExchange(Number(exchange[1])); return; }
  const play = playOf(anchor);
  if (play) { await filled(play); }
  let target = document.getElementById(anchor);
  for (let shorter = anchor; !target && shorter.includes("/"); target = document.getElementById(shorter)) { shorter = shorter.slice(0, shorter.lastIndexOf("/")); }
  if (!target) { return; }
  for (let part = target; part; part = part.parentElement) {
    part.classList.remove("out");
    if (part.tagName === "DETAILS") { await filled(part); part.open = true; }
  }
  if (!drawer.hidden && innerWidth < 1500) { drawer.hidden = true; exchanges.open = null; drawList(); }
  target.scrollIntoView();
}

function follow() {
  if (location.hash.length > 1) { reveal(decodeURIComponent(location.hash.slice(1))); } else { drawer.hidden = true; }
}

function nextFinding(way) {
  const found = Array.from(document.querySelectorAll("#attention > .finding:not(.out)"));
  const line = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop);
  const tops = found.map((card) => card.getBoundingClientRect().top);
  const at = way > 0 ? tops.findIndex((top) => top > line + 2) : tops.length - 1 - tops.slice().reverse().findIndex((top) => top < line - 2);
  const card = found[at];
  if (card && at >= 0 && at < found.length) { card.scrollIntoView(); }
}

function showKeys() { document.getElementById("keys").showModal(); }

const DO = {
  n: () => nextFinding(1), p: () => nextFinding(-1), j: () => beside(1), k: () => beside(-1), b: () => allBytes(), m: () => onlyJudged(),
  c: () => clearFilter(), t: () => nextTheme(), "?": () => showKeys(), "/": () => document.getElementById("find").focus(), Escape: () => closeExchange(),
};

document.addEventListener("keydown", function (event) {
  if (event.key === "Escape" && event.target.id === "find") { event.target.blur(); return; }
  if (isTyping(event) || document.getElementById("keys").open || !Object.hasOwn(DO, event.key)) { return; }
  event.preventDefault();
  DO[event.key]();
});
document.addEventListener("click", function (event) {
  const copy = event.target.closest(".copy");
  if (copy) { copied(copy, copy.dataset.copy); return; }
  const link = event.target.closest("a");
  const href = link ? link.getAttribute("href") : null;
  if (href && href.startsWith("#") && href === location.hash) { event.preventDefault(); reveal(decodeURIComponent(href.slice(1))); }
});
document.addEventListener("toggle", function (event) { if (event.target.tagName === "DETAILS" && event.target.open) { filled(event.target); } }, true);
document.getElementById("theme").addEventListener("click", nextTheme);
document.getElementById("help").addEventListener("click", showKeys);
window.addEventListener("hashchange", follow);
window.addEventListener("beforeprint", function () { document.querySelectorAll("details.others").forEach(function (part) { part.open = true; }); });

async function start() {
  const index = JSON.parse(await unpacked("part-index"));
  exchanges.all = index.x;
  exchanges.steps = index.steps;
  index.x.forEach(function (row) { exchanges.byId.set(row[ID], row); });
  ready(document);
  bar.hidden = false;
  makeList();
  showList(exchanges.all);
  follow();
  document.documentElement.dataset.ready = "yes";
}
start();
