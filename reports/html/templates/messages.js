function milliseconds(value) { return value < 1000 ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`; }

function judgedOf(detail) {
  const places = new Set(detail.m.flatMap((message) => message.r.flatMap((row) => (row[4] || []).map((mark) => mark[2]))));
  const items = detail.j.map(function ([tone, word, subject, compared, clause, anchor, step]) {
    return node("li", { class: tone }, node("i", { class: `badge ${tone}` }, word), " ", node("a", { href: `#${encodeURIComponent(anchor)}` }, subject), compared ? `: ${compared}` : "", places.has(anchor) ? " " : "", !places.has(anchor) ? "" : node("button", { type: "button", class: "link", "data-do": "place", "data-place": anchor }, "show the place"), node("span", { class: "quiet" }, `${step} \u00b7 ${clause}`));
  });
  return node("ul", { class: "verdicts" }, ...items, detail.met ? node("li", { class: "quiet" }, `${detail.met} ${items.length ? "further " : ""}${detail.met === 1 ? "fact was" : "facts were"} decided here, without complaint`) : "");
}

function factsOf(pairs) {
  return pairs.length ? node("dl", { class: "facts" }, ...pairs.map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value)))) : "";
}

function messageOf(message) {
  const bytes = message.s ? node("button", { type: "button", "data-do": "raw" }, `${message.s} bytes`) : "";
  const shown = node("section", { class: "message" }, node("h4", {}, message.h, node("span", { class: "quiet" }, message.t), bytes), factsOf(message.f), ...message.n.map((note) => node("p", { class: "reason" }, note)));
  if (bytes) { bytes.raw = message; }
  if (message.r.length) { shown.append(node("div", { class: "scroll" }, node("table", { class: "rows" }, node("tbody", {}, ...message.r.map(rowOf))))); }
  return shown;
}

function rowOf([depth, place, name, value, said, judged, heading, absent]) {
  const tone = said && said.length ? said[0][0] : "";
  const marks = (said || []).map(([own, words, anchor]) => node("a", { class: `said ${own}`, href: `#${encodeURIComponent(anchor)}` }, words));
  const classes = [heading ? "heading" : "", judged ? "judged" : "", tone ? `violated ${tone}` : "", absent ? "absent" : ""].filter(Boolean).join(" ");
  return node("tr", { class: classes }, node("td", { class: `d${Math.min(depth, 8)}` }, place), node("td", {}, name), node("td", {}, absent ? node("em", {}, "absent") : value, ...marks));
}

function showBytes(button) {
  const section = button.closest(".message");
  const there = section.querySelector(".bytes");
  if (there) { there.remove(); return; }
  const message = button.raw;
  const bytes = Uint8Array.from(message.b, (one) => one.charCodeAt(0));
  const more = bytes.length < message.s ? `The first ${bytes.length} of ${message.s} bytes. ` : "";
  const file = message.p ? node("a", { href: `evidence/payload/${message.p}` }, `evidence/payload/${message.p}`) : "";
  section.querySelector("h4").after(node("div", { class: "bytes" }, node("pre", {}, dumped(bytes)), node("p", { class: "quiet" }, more, file)));
}

function dumped(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16));
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}

function showPlace(button) {
  const root = button.closest(".inside");
  const mark = Array.from(root.querySelectorAll("a.said")).find((link) => decodeURIComponent(link.getAttribute("href").slice(1)) === button.dataset.place);
  const shown = mark ? mark.closest("tr") : root.querySelector(".message");
  if (shown) { shown.scrollIntoView({ block: "center" }); }
}
