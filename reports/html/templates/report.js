"use strict";
function reveal(fragment) {
  const target = document.getElementById(decodeURIComponent(fragment));
  if (!target) { return; }
  for (let node = target; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") { node.open = true; }
  }
  target.scrollIntoView();
}
function follow() {
  if (location.hash.length > 1) { reveal(location.hash.slice(1)); }
}
window.addEventListener("hashchange", follow);
document.addEventListener("click", function (event) {
  const link = event.target.closest("a");
  const href = link ? link.getAttribute("href") : null;
  if (href && href === location.hash) { reveal(href.slice(1)); }
});
window.addEventListener("beforeprint", function () {
  document.querySelectorAll("details.others, details.exchange:has(> summary .badge)").forEach(function (node) { node.open = true; });
});
follow();
