const chosen = { text: "", verdicts: new Set(), actor: "", transaction: "" };
const bar = document.getElementById("filters");
const plays = Array.from(document.querySelectorAll("details.play"));

function isChosen() { return Boolean(chosen.text || chosen.verdicts.size || chosen.actor || chosen.transaction); }

function fitsText(text) { return !chosen.text || text.toLowerCase().includes(chosen.text); }

function fitsMarked(part) {
  const { verdict, actor, transaction } = part.dataset;
  return (!chosen.verdicts.size || !verdict || chosen.verdicts.has(verdict))
    && (!chosen.actor || !actor || actor === chosen.actor)
    && (!chosen.transaction || !transaction || transaction === chosen.transaction)
    && fitsText(part.textContent);
}

function fitsStep(step) {
  return (!chosen.verdicts.size || chosen.verdicts.has(step[3]))
    && (!chosen.transaction || step[2] === chosen.transaction)
    && (!chosen.actor || step[5].includes(chosen.actor));
}

function fitsExchange(row) {
  const step = exchanges.steps[row[STEP]];
  return (!chosen.verdicts.size || chosen.verdicts.has(row[VERDICT]))
    && (!chosen.actor || row[FROM] === chosen.actor || row[TO] === chosen.actor)
    && (!chosen.transaction || Boolean(step && step[2] === chosen.transaction))
    && fitsText(`${row[ID]} ${row[TITLE]} ${row[ANSWER]} ${row[FROM]} ${row[TO]} ${step ? step[0] : row[KIND]}`);
}

function filterPlays() {
  const fitting = new Map();
  exchanges.steps.forEach(function (step) {
    const name = `${step[0]} ${plays[step[4]] ? plays[step[4]].querySelector("summary").textContent : ""}`;
    if (fitsStep(step) && fitsText(name)) { fitting.set(step[0], step[4]); }
  });
  const kept = new Set(fitting.values());
  plays.forEach(function (play, at) { play.classList.toggle("out", isChosen() && !kept.has(at)); });
  document.querySelectorAll("details.step").forEach(function (step) { step.classList.toggle("out", isChosen() && !fitting.has(step.id)); });
  return kept.size;
}

function filterAll() {
  let left = 0;
  document.querySelectorAll("#attention > .finding, #warnings > .finding, #attention tbody tr, #not-judged tbody tr, #claims tbody tr, #timing tbody tr").forEach(function (part) {
    const fits = !isChosen() || fitsMarked(part);
    part.classList.toggle("out", !fits);
    left += fits ? 1 : 0;
  });
  const kept = filterPlays();
  const rows = isChosen() ? exchanges.all.filter(fitsExchange) : exchanges.all;
  showList(rows);
  document.getElementById("clear").hidden = !isChosen();
  document.getElementById("nothing").hidden = !isChosen() || left + kept + rows.length > 0;
}

function clearFilter() {
  Object.assign(chosen, { text: "", actor: "", transaction: "" });
  chosen.verdicts.clear();
  bar.querySelectorAll("input, select").forEach(function (field) { field.value = ""; });
  bar.querySelectorAll(".toggle").forEach(function (toggle) { toggle.setAttribute("aria-pressed", "false"); });
  filterAll();
}

let waiting = 0;
document.getElementById("find").addEventListener("input", function (event) {
  chosen.text = event.target.value.trim().toLowerCase();
  clearTimeout(waiting);
  waiting = setTimeout(filterAll, 120);
});
["actor", "transaction"].forEach(function (name) {
  document.getElementById(`by-${name}`).addEventListener("change", function (event) { chosen[name] = event.target.value; filterAll(); });
});
bar.addEventListener("click", function (event) {
  const verdict = event.target.dataset.verdict;
  if (!verdict) { return; }
  const on = !chosen.verdicts.delete(verdict);
  if (on) { chosen.verdicts.add(verdict); }
  event.target.setAttribute("aria-pressed", String(on));
  filterAll();
});
["clear", "clear-again"].forEach(function (id) { document.getElementById(id).addEventListener("click", clearFilter); });
document.addEventListener("filled", function () { if (isChosen()) { filterPlays(); } });
