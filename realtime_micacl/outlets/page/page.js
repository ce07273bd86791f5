"use strict";
// The page: what the lines of the WebSocket say, one card for each slot. It draws nothing while nobody looks.
const asked = new URLSearchParams(location.search);
const language = (asked.get("lang") || navigator.language || "en").startsWith("de") ? "de" : "en";
const words = WORDS[language];
const colours = COLOURS;
const overlay = asked.get("transparent") === "1", only = asked.get("face");
const say = (text, value) => text.replace("{}", value);
const $ = (selector, under = document) => under.querySelector(selector);
const set = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const seconds = () => performance.now() / 1000;
const LEFT_S = 3, AGAIN_MS = 1000, GATHER_MS = 25;
const LATE_S = 0.25; // the ribbon ends so long ago, that readings are there in time

const root = document.documentElement;
root.lang = language;
root.dataset.look = asked.get("look") || (overlay ? "dark" : "auto"); // on a picture it is dark
root.toggleAttribute("data-overlay", overlay);
for (const part of ["word", "bars", "timeline"]) root.toggleAttribute(`data-${part}`, (asked.get("show") || part).split(",").includes(part));
set($("#said"), words.said);

let hello = { labels: Object.keys(colours), sources: [""], stale_s: 2 };
let states = {}, cards = new Map(), ahead = -Infinity, trouble = "away", latency = "";

// The time of the program now, in its own seconds.
const now = () => seconds() + ahead;

class Card {
  constructor(key) {
    this.element = $("#card").content.firstElementChild.cloneNode(true);
    this.rows = hello.labels.map((label) => {
      const row = document.createElement("li");
      for (const part of ["i", "span", "u", "b"]) row.append(document.createElement(part));
      $("i", row).style.background = colours[label];
      set($("span", row), words[label]);
      $("u", row).append(document.createElement("i"));
      $("u i", row).style.background = colours[label];
      $("ol", this.element).append(row);
      return { row, bar: $("u i", row), share: $("b", row) };
    });
    this.number = key;
    this.past = new Past($("canvas", this.element), hello.labels.map((label) => colours[label]));
    const [from, to] = this.element.querySelectorAll("figcaption span");
    set(from, `−${SPAN_S} s`);
    set(to, words.now);
    this.state = "collecting";
    this.reading = null;
    this.seen = seconds();
  }

  take(record) {
    this.seen = seconds();
    this.source = record.source;
    if (record.probabilities) {
      this.state = "live";
      this.reading = record;
      this.past.add(record.time_s, hello.labels.map((label) => record.probabilities[label]), (record.mean || {}).over_s);
    } else {
      this.state = record.state;
      this.detail = record.detail;
      if (record.state !== "live") this.reading = null;
    }
  }

  show() {
    const stale = this.reading && now() - this.reading.time_s > hello.stale_s;
    const reading = stale ? null : this.reading, lead = reading && reading.emotion !== "unsure" ? reading.emotion : null;
    const word = reading ? words[reading.emotion] : stale ? words.nobody : words[this.detail] || (this.state === "live" ? words.analysing : words[this.state]);
    this.element.dataset.state = reading ? (lead ? "lead" : "unsure") : stale ? "stale" : this.state;
    this.element.style.setProperty("--lead", lead ? colours[lead] : "transparent");
    const longest = lead && Math.max(...Object.values(reading.probabilities)) === reading.probabilities[lead];
    const share = longest ? `${Math.round(100 * reading.probabilities[lead])} %` : ""; // the word stays a moment longer than its bar
    set($("p", this.element), hello.sources.length > 1 ? this.source || "" : "");
    set($("small", this.element), cards.size > 1 && this.number > 0 ? String(this.number) : "");
    set($("h2 b", this.element), word);
    set($("h2 em", this.element), share);
    const label = `${say(words.face, Math.abs(this.number))}: ${word} ${share}`;
    if (this.element.ariaLabel !== label) this.element.ariaLabel = label;
    this.rows.forEach(({ row, bar, share }, i) => {
      const value = reading ? reading.probabilities[hello.labels[i]] : 0;
      bar.style.transform = `scaleX(${value})`;
      set(share, reading ? String(Math.round(100 * value)) : "");
      row.toggleAttribute("data-lead", lead === hello.labels[i]);
    });
    if (Number.isFinite(ahead)) this.past.draw(now() - LATE_S, getComputedStyle(root).getPropertyValue("--hatch"));
  }
}

// Take a line as it comes.
function take(record) {
  if (record.hello) {
    hello = { ...hello, ...record.hello };
    trouble = latency = "";
    states = {};
    ahead = -Infinity;
    cards.clear();
    $("#cards").replaceChildren();
    return;
  }
  ahead = Math.max(ahead, record.time_s + (record.latency_ms || 0) / 1000 - seconds());
  if (record.latency_ms !== undefined) latency = say(words.latency, record.latency_ms);
  if (record.state === "marker") return;
  if (record.track === null) {
    states[record.source || hello.sources[0]] = record;
    const over = record.state !== "live" && [...cards.values()].filter((card) => card.source === record.source);
    for (const card of over || []) card.take({ state: "no face", source: record.source });
    return;
  }
  const key = record.slot || -record.track;
  if (only && String(key) !== only) return;
  if (!cards.has(key)) {
    if (record.state === "no face") return;
    cards.set(key, new Card(key));
    place();
  }
  cards.get(key).take(record);
}

// Put the cards in the order of their slots, and behind them those who have none.
function place() {
  const order = [...cards.keys()].sort((a, b) => (a > 0 ? a : 1e6 - a) - (b > 0 ? b : 1e6 - b));
  $("#cards").replaceChildren(...order.map((key) => cards.get(key).element));
  root.style.setProperty("--cards", Math.max(1, cards.size));
}

// Show what stands now.
function draw() {
  due = false;
  for (const [key, card] of cards) {
    if (card.state === "no face" && seconds() - card.seen > (overlay ? 0 : LEFT_S)) {
      cards.delete(key);
      place();
    } else card.show();
  }
  const told = Object.entries(states), [source, first] = told[0] || [hello.sources[0], { state: "starting" }];
  const live = told.some(([, one]) => one.state === "live");
  const state = trouble || (live ? "live" : first.state);
  const counts = told.length > 1 ? told.reduce((sum, [, one]) => ({ ...sum, [one.state]: (sum[one.state] || 0) + 1 }), {}) : {};
  const several = Object.entries(counts).map(([name, count]) => `${count} ${words[name]}`).join(", ");
  $("#badge").dataset.state = state;
  set($("#badge b"), several && !trouble ? several : words[state]);
  set($("#badge span"), several ? "" : source);
  set($("#badge em"), state === "live" ? first.detail || latency : ""); // a machine that does not keep up says so
  const [title, hint] = words.messages[state] || ["", ""];
  $("#message").hidden = !title || (state === "no face" && cards.size > 0);
  set($("#message h1"), say(title, source.includes("://") ? words.stream : source));
  set($("#message p"), hint || first.detail || "");
  root.toggleAttribute("data-covered", !$("#message").hidden);
}

let due = false;
function later() {
  if (!due) setTimeout(() => requestAnimationFrame(draw), GATHER_MS); // the readings of all faces in one go
  due = true;
}

function connect() {
  const address = new URL("events", location); // below a folder too, where a web server stands before this one
  address.protocol = location.protocol === "https:" ? "wss" : "ws";
  if (asked.has("token")) address.search = `token=${encodeURIComponent(asked.get("token"))}`;
  const socket = new WebSocket(address);
  socket.onmessage = (message) => {
    take(JSON.parse(message.data));
    later();
  };
  socket.onclose = () => {
    trouble = "away";
    for (const card of cards.values()) card.reading = null;
    later();
    setTimeout(connect, AGAIN_MS);
  };
}

connect();
setInterval(later, 250);
