"use strict";
// The studio works without this file. It follows changes, keeps places, filters while you type,
// answers keys, and lets the frame be dragged. All that a page shows is decided by its address.

const page = document.documentElement;
const live = document.getElementById("live");
const filter = document.getElementById("filter");
const PARTS = [".articles", "#count", ".troubles", ".headline", ".tools", ".inbox", ".notes"];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- Follow changes: wait for another generation; touch the page only if it looks different.

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
  const answer = await fetch(location.href);
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (fresh.documentElement.dataset.digest === page.dataset.digest) return;
  const [frame, next] = [document, fresh].map((each) => each.getElementById("frame"));
  if (frame && next && frame.getAttribute("src") === next.getAttribute("src")) {
    for (const part of PARTS) {
      document.querySelector(part).replaceChildren(...fresh.querySelector(part).childNodes);
    }
    document.title = fresh.title;
    page.dataset.digest = fresh.documentElement.dataset.digest;
    narrow();
    if (frame.dataset.digest !== next.dataset.digest) renew(frame, next);
  } else {
    keepPlaces();
    location.reload();
    await new Promise(() => {});
  }
}

// A sandboxed frame tells nobody how far it is scrolled, so it goes to where the mail has changed.
function renew(frame, next) {
  frame.dataset.digest = next.dataset.digest;
  frame.contentWindow.location.replace(`${next.src}&digest=${next.dataset.digest}#${next.dataset.changed}`);
}

function tell(text, isLost) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("lost", isLost);
}

// ---- Keep places: what scrolls inside the page, and where the typing is.

function keepPlaces() {
  const places = {};
  for (const element of document.querySelectorAll("[data-scroll]")) {
    places[element.dataset.scroll] = element.scrollTop;
  }
  const isTyping = document.activeElement === filter;
  sessionStorage.setItem("places", JSON.stringify({ places, isTyping, address: location.search }));
}

function findPlaces() {
  const kept = JSON.parse(sessionStorage.getItem("places") || "null");
  sessionStorage.removeItem("places");
  for (const element of kept ? document.querySelectorAll("[data-scroll]") : []) {
    const isSame = element.dataset.scroll === "shelf" || kept.address === location.search;
    if (isSame) element.scrollTop = kept.places[element.dataset.scroll] || 0;
  }
  if (kept?.isTyping && kept.address === location.search) filter.focus();
  document.querySelector(".chip[aria-current]")?.scrollIntoView({ block: "nearest" });
}

// ---- Write a part of the look into this page's address and into every link of it.

function carry(name, value) {
  const written = (address) => {
    const parameters = new URLSearchParams(address);
    if (value) parameters.set(name, value);
    else parameters.delete(name);
    return `?${parameters}`;
  };
  for (const link of document.querySelectorAll(`a[href^="?"]:not([data-sets="${name}"])`)) {
    link.setAttribute("href", written(link.getAttribute("href")));
  }
  history.replaceState(null, "", written(location.search));
}

// ---- Filter while typing. Enter asks the server, which knows articles that are not on the page.

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const article of document.querySelectorAll(".article")) {
    article.hidden = !words.every((word) => article.dataset.text.includes(word));
    shown += !article.hidden;
  }
  const count = shown === 1 ? "1 article matches" : `${shown || "No"} articles match`;
  if (filter.value !== filter.defaultValue) {
    document.getElementById("count").textContent = words.length ? count : "";
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
  if (event.key === "Escape" && event.target === filter) {
    event.preventDefault(); // leave the field, keep what stands in it
    filter.blur();
  }
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

function drag(frame, grip) {
  grip.addEventListener("pointerdown", (event) => {
    const from = event.clientX;
    const width = Number(frame.width);
    const move = (at) => widen(frame, grip, width + 2 * (at.clientX - from)); // it grows to both sides
    const end = () => {
      grip.removeEventListener("pointermove", move);
      frame.classList.remove("passive");
      carry("width", frame.width);
    };
    frame.classList.add("passive"); // or it would swallow the movements over it
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
    event.preventDefault();
  });
  grip.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -10, ArrowRight: 10 }[event.key];
    if (!by) return;
    widen(frame, grip, Number(frame.width) + by);
    carry("width", frame.width);
    event.preventDefault();
  });
}

findPlaces();
narrow();
filter.addEventListener("input", () => {
  narrow();
  carry("q", filter.value);
});
document.addEventListener("keydown", press);
document.addEventListener("click", (event) => {
  if (event.target.closest("a")) keepPlaces();
});
const grip = document.getElementById("grip");
if (grip) drag(document.getElementById("frame"), grip);
follow();
