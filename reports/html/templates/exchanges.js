const ROW = 30;
const EXTRA = 8;
const [ID, AT, TITLE, ANSWER, FROM, TO, VERDICT, STEP, MS, BLOCK, KIND] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const exchanges = { all: [], steps: [], shown: [], byId: new Map(), open: null, blocks: new Map() };
const listed = { pane: null, filler: null, foot: null };
const drawer = document.getElementById("drawer");

function stepOf(row) { return row[STEP] >= 0 ? exchanges.steps[row[STEP]] : null; }

function makeList() {
  const names = ["exchange", "time", "request", "from \u2192 to", "step", "answer", "latency", "verdict"];
  listed.filler = node("div", { class: "filler" });
  listed.pane = node("div", { class: "pane", tabindex: "0", role: "group", "aria-label": "Exchanges" }, listed.filler);
  listed.foot = node("div", { class: "foot" });
  document.getElementById("list").replaceChildren(node("div", { class: "head" }, ...names.map((name) => node("span", {}, name))), listed.pane, listed.foot);
  listed.pane.addEventListener("scroll", function () { requestAnimationFrame(drawList); }, { passive: true });
  window.addEventListener("resize", drawList);
}

function showList(rows) {
  exchanges.shown = rows;
  listed.filler.style.height = `${rows.length * ROW}px`;
  listed.pane.style.height = `${Math.min(rows.length * ROW + 2, Math.max(240, Math.min(640, innerHeight * 0.62)))}px`;
  const all = exchanges.all.length;
  listed.foot.textContent = rows.length === all ? `${all} exchanges` : `${rows.length} of ${all} exchanges fit the filter`;
  drawList();
}

function drawList() {
  const first = Math.max(0, Math.floor(listed.pane.scrollTop / ROW) - EXTRA);
  const last = Math.min(exchanges.shown.length, Math.ceil((listed.pane.scrollTop + listed.pane.clientHeight) / ROW) + EXTRA);
  listed.filler.replaceChildren(...exchanges.shown.slice(first, last).map(function (row, place) { return lineOf(row, first + place); }));
}

function lineOf(row, place) {
  const step = stepOf(row);
  const open = exchanges.open === row[ID] ? " open" : "";
  const word = row[VERDICT] === "none" && row[KIND] ? (row[KIND] === "late" ? "came too late" : "fits no step") : row[VERDICT];
  const line = node("a", { class: `line ${row[VERDICT]}${open}`, href: `#x${row[ID]}`, title: `${row[TITLE]}, ${row[FROM]} \u2192 ${row[TO]}` },
    node("span", { class: "id" }, String(row[ID])),
    node("span", { class: "at" }, `+${row[AT].toFixed(2)} s`),
    node("span", {}, node("b", {}, row[TITLE])),
    node("span", {}, `${row[FROM]} \u2192 ${row[TO]}`),
    node("span", { class: "where" }, step ? `${step[1]} [${step[2]}]` : ""),
    node("span", {}, row[ANSWER]),
    node("span", { class: "ms" }, row[MS] === null ? "" : milliseconds(row[MS])),
    node("span", {}, node("i", { class: `badge ${row[VERDICT]}` }, word)));
  line.style.top = `${place * ROW}px`;
  return line;
}

function scrolledTo(number) {
  const place = exchanges.shown.findIndex(function (row) { return row[ID] === number; });
  if (place < 0) { return; }
  const top = place * ROW;
  if (top < listed.pane.scrollTop || top + ROW > listed.pane.scrollTop + listed.pane.clientHeight) {
    listed.pane.scrollTop = Math.max(0, top - listed.pane.clientHeight / 2);
  }
  drawList();
}

async function detailOf(row) {
  if (row[BLOCK] < 0) { return null; }
  if (!exchanges.blocks.has(row[BLOCK])) { exchanges.blocks.set(row[BLOCK], unpacked(`part-x${row[BLOCK]}`).then(JSON.parse)); }
  return (await exchanges.blocks.get(row[BLOCK]))[row[ID]];
}

async function openExchange(number) {
  const row = exchanges.byId.get(number);
  if (!row) { return; }
  exchanges.open = number;
  const detail = await detailOf(row);
  if (exchanges.open !== number) { return; }
  drawer.replaceChildren(headOf(row), insideOf(row, detail));
  drawer.hidden = false;
  drawer.scrollTop = 0;
  drawer.setAttribute("aria-label", `Exchange ${number}`);
  document.querySelectorAll(".arrow.open").forEach(function (arrow) { arrow.classList.remove("open"); });
  document.querySelectorAll(`.arrow[href="#x${number}"]`).forEach(function (arrow) { arrow.classList.add("open"); });
  scrolledTo(number);
}

function closeExchange() {
  if (drawer.hidden) { return; }
  drawer.hidden = true;
  exchanges.open = null;
  drawList();
  history.replaceState(null, "", location.pathname + location.search);
}

function beside(way) {
  const place = exchanges.shown.findIndex(function (row) { return row[ID] === exchanges.open; });
  const next = exchanges.shown[place < 0 ? 0 : place + way];
  if (next) { location.hash = `x${next[ID]}`; }
}

function headOf(row) {
  const step = stepOf(row);
  const buttons = [["previous", "Previous (k)", "\u2191"], ["next", "Next (j)", "\u2193"], ["bytes", "Bytes (b)", "bytes"], ["judged", "Only judged places (m)", "judged"], ["close", "Close (Esc)", "\u2715"]]
    .map(function ([name, title, text]) { return node("button", { type: "button", "data-do": name, title, "aria-label": title }, text); });
  return node("header", {},
    node("div", { class: "title" }, node("i", { class: `badge ${row[VERDICT]}` }, row[VERDICT]), node("h2", {}, `${row[ID]} \u00b7 ${row[TITLE]}`), node("span", { class: "answer" }, row[ANSWER]), node("span", { class: "buttons" }, ...buttons)),
    node("div", { class: "quiet" }, `${row[FROM]} \u2192 ${row[TO]}`, step ? " \u00b7 " : "", step ? node("a", { href: `#${encodeURIComponent(step[0])}` }, `${step[1]} [${step[2]}]`) : ""));
}

function insideOf(row, detail) {
  if (!detail) { return node("div", { class: "inside" }, node("p", { class: "reason" }, "The messages of this exchange are too much for this file. They are in the evidence beside it.")); }
  const parts = [];
  if (detail.j.length || detail.met) { parts.push(judgedOf(detail)); }
  if (detail.w.length > 1) { parts.push(wayOf(detail.w)); }
  parts.push(linkOf(detail), ...detail.n.map((note) => node("p", { class: "reason" }, note)), ...detail.m.map(messageOf));
  return node("div", { class: "inside" }, ...parts);
}

function wayOf(marks) {
  const total = marks[marks.length - 1][1] || 1;
  const picture = drawn("svg", { viewBox: "0 0 800 52", role: "img", "aria-label": "When the messages passed" });
  const x = function (seconds) { return 60 + 680 * seconds / total; };
  for (let at = 1; at < marks.length; at += 1) {
    const [from, to] = [x(marks[at - 1][1]), x(marks[at][1])];
    const relays = marks[at][0].endsWith("passed on");
    picture.append(drawn("line", { x1: from, x2: to, y1: 26, y2: 26, class: relays ? "span ours" : "span" }));
    if (to - from > 40) { picture.append(drawn("text", { x: (from + to) / 2, y: 18, class: "took" }, milliseconds((marks[at][1] - marks[at - 1][1]) * 1000))); }
  }
  marks.forEach(function ([name, seconds], at) {
    picture.append(drawn("circle", { cx: x(seconds), cy: 26, r: 5 }));
    const crowded = at > 0 && x(seconds) - x(marks[at - 1][1]) < 110;
    picture.append(drawn("text", { x: x(seconds), y: crowded && at % 2 ? 8 : 47 }, name));
  });
  const told = marks.slice(1).map(([name, seconds]) => [name, `+${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1)} ms`]);
  return node("div", { class: "way" }, picture, marks.length > 2 ? factsOf(told) : "");
}

function linkOf(detail) {
  const contexts = detail.c.length ? node("table", { class: "contexts" }, node("tbody", {}, ...detail.c.map(function ([syntax, result, accepted]) {
    return node("tr", { class: accepted ? null : "refused" }, node("td", {}, syntax), node("td", {}, accepted ? result : `refused: ${result}`));
  }))) : "";
  const title = detail.f.length ? detail.f[0][1] : "";
  return node("details", { class: "link" }, node("summary", {}, `${detail.c.length ? "Association" : "Link"} ${title}`), factsOf(detail.f.slice(1)), contexts);
}

drawer.addEventListener("click", function (event) {
  const button = event.target.closest("button");
  if (!button) { return; }
  const act = { previous: () => beside(-1), next: () => beside(1), close: closeExchange, bytes: allBytes, judged: onlyJudged, raw: () => showBytes(button), place: () => showPlace(button) }[button.dataset.do];
  if (act) { act(); }
});

function allBytes() {
  const open = drawer.querySelector(".bytes") !== null;
  drawer.querySelectorAll("[data-do=raw]").forEach(function (button) { if ((button.closest(".message").querySelector(".bytes") !== null) === open) { showBytes(button); } });
}

function onlyJudged() { drawer.classList.toggle("only"); }
