"use strict";
// The studio works without this file. It follows changes, keeps places, filters while you type,
// answers keys, and lets the frame be dragged. All that a page shows is decided by its address.

const page = document.documentElement;
const live = document.getElementById("live");
const filter = document.getElementById("filter");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- Follow changes: wait for another generation; reload only if this page would look different.

async function follow() {
  let generation = page.dataset.generation;
  let lost = false;
  for (;;) {
    try {
      const answer = await fetch(`changes?since=${lost ? "" : generation}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const now = String((await answer.json()).generation);
      if (now !== generation || lost) await refresh();
      generation = now;
      lost = false;
      tell("Live", false);
    } catch {
      lost = true;
      tell("Stopped; waiting for it", true);
      await sleep(1000);
    }
  }
}

async function refresh() {
  const answer = await fetch(location.href, { method: "HEAD" });
  if (!answer.ok) throw new Error(answer.statusText);
  if (answer.headers.get("ETag") !== `"${page.dataset.digest}"`) {
    keepPlaces();
    location.reload(); // the browser also restores where the framed mail was scrolled to
    await new Promise(() => {});
  }
}

function tell(text, isLost) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("lost", isLost);
}

// ---- Keep places: what scrolls inside the page, what is typed, where the focus is.

function keepPlaces() {
  const places = {};
  for (const element of document.querySelectorAll("[data-scroll]")) {
    places[element.dataset.scroll] = element.scrollTop;
  }
  const typed = { value: filter.value, focused: document.activeElement === filter };
  sessionStorage.setItem("places", JSON.stringify({ places, typed, address: location.search }));
}

function findPlaces() {
  const kept = JSON.parse(sessionStorage.getItem("places") || "null");
  sessionStorage.removeItem("places");
  for (const element of kept ? document.querySelectorAll("[data-scroll]") : []) {
    const isSame = element.dataset.scroll === "shelf" || kept.address === location.search;
    if (isSame) element.scrollTop = kept.places[element.dataset.scroll] || 0;
  }
  if (kept) {
    filter.value = kept.typed.value;
    if (kept.typed.focused) filter.focus();
  }
  document.querySelector(".chip[aria-current]")?.scrollIntoView({ block: "nearest" });
}

// ---- Filter while typing. Enter asks the server, which knows articles that are not on the page.

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const article of document.querySelectorAll(".article")) {
    const passes = words.every((word) => article.dataset.text.includes(word));
    article.hidden = !passes;
    shown += passes;
  }
  if (words.length) {
    document.getElementById("count").textContent =
      shown === 1 ? "1 article matches" : `${shown || "No"} articles match`;
  }
}

// ---- Keys. Links say themselves which key they answer to.

function step(by) {
  const chips = [...document.querySelectorAll(".article:not([hidden]) .chip")];
  const at = chips.findIndex((chip) => chip.hasAttribute("aria-current"));
  chips[at < 0 ? 0 : at + by]?.click();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target === filter) return filter.blur();
  if (event.target.matches("input, textarea, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === "j" || event.key === "k") {
    step(event.key === "j" ? 1 : -1);
  } else if (/^[a-z0-9]$/.test(event.key)) {
    document.querySelector(`a[aria-keyshortcuts="${event.key}"]`)?.click();
  }
}

// ---- The width of the frame, dragged or by arrow keys; written into the address and every link.

function widen(frame, grip, width) {
  const most = Number(grip.getAttribute("aria-valuemax"));
  const least = Number(grip.getAttribute("aria-valuemin"));
  frame.width = Math.round(Math.min(Math.max(width, least), most));
  grip.setAttribute("aria-valuenow", frame.width);
  grip.dataset.width = `${frame.width} px`;
}

function settle(frame) {
  for (const link of document.querySelectorAll('a[href^="?"]:not(.switch a)')) {
    link.setAttribute("href", withWidth(link.getAttribute("href"), frame.width));
  }
  history.replaceState(null, "", withWidth(location.search, frame.width));
}

function withWidth(address, width) {
  const parameters = new URLSearchParams(address);
  parameters.set("width", width);
  return `?${parameters}`;
}

function drag(frame, grip) {
  grip.addEventListener("pointerdown", (event) => {
    const from = event.clientX;
    const width = Number(frame.width);
    const move = (at) => widen(frame, grip, width + 2 * (at.clientX - from)); // it grows to both sides
    const end = () => {
      grip.removeEventListener("pointermove", move);
      settle(frame);
    };
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
    event.preventDefault();
  });
  grip.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -10, ArrowRight: 10 }[event.key];
    if (!by) return;
    widen(frame, grip, Number(frame.width) + by);
    settle(frame);
    event.preventDefault();
  });
}

findPlaces();
if (filter.value) narrow();
filter.addEventListener("input", narrow);
document.addEventListener("keydown", press);
document.addEventListener("click", (event) => {
  if (event.target.closest("a")) keepPlaces();
});
const grip = document.getElementById("grip");
if (grip) drag(document.getElementById("frame"), grip);
follow();
