"use strict";
// Every word of the page. The words of the emotions and states are those of the window.
const WORDS = {
  en: {
    happy: "happy", sad: "sad", neutral: "neutral", angry: "angry", surprise: "surprise", disgust: "disgust", fear: "fear",
    unsure: "unsure", nobody: "no reading",
    starting: "starting", live: "live", collecting: "collecting", "no face": "no face", "low quality": "low quality",
    stalled: "stalled", reconnecting: "reconnecting", paused: "paused", ended: "ended", failed: "failed",
    "too small": "too small", "turned away": "turned away", dark: "dark", blurred: "blurred", "at the edge": "at the edge",
    analysing: "analysing …", stream: "the stream", away: "no connection", now: "now", face: "face {}", latency: "latency {} ms",
    said: "A card says what a face's expression looks like. It cannot say what the person feels.",
    messages: {
      starting: ["Preparing the analysis …", ""],
      "no face": ["No face in the picture", "A face is found when it is near, lit, and seen from the front."],
      stalled: ["No picture from {}", "No expression is shown until there is a fresh picture."],
      reconnecting: ["Connecting to {} again", "No expression is shown until there is a fresh picture."],
      paused: ["Paused", ""],
      ended: ["End of {}", ""],
      failed: ["Stopped by an error", ""],
      away: ["The program does not answer", "This page connects again by itself."],
    },
  },
  de: {
    happy: "fröhlich", sad: "traurig", neutral: "neutral", angry: "wütend", surprise: "überrascht",
    disgust: "angewidert", fear: "ängstlich",
    unsure: "unsicher", nobody: "kein Messwert",
    starting: "Start", live: "live", collecting: "sammelt", "no face": "kein Gesicht", "low quality": "schlechte Qualität",
    stalled: "Bild steht", reconnecting: "neu verbinden", paused: "Pause", ended: "Ende", failed: "Fehler",
    "too small": "zu klein", "turned away": "abgewandt", dark: "dunkel", blurred: "unscharf", "at the edge": "am Rand",
    analysing: "wertet aus …", stream: "Videostrom", away: "keine Verbindung", now: "jetzt", face: "Gesicht {}", latency: "Verzug {} ms",
    said: "Eine Karte sagt, wie der Ausdruck eines Gesichts aussieht. Was der Mensch fühlt, kann sie nicht sagen.",
    messages: {
      starting: ["Die Auswertung wird vorbereitet …", ""],
      "no face": ["Kein Gesicht im Bild", "Ein Gesicht wird gefunden, wenn es nah und hell ist und zur Kamera schaut."],
      stalled: ["Kein Bild von {}", "Bis ein neues Bild kommt, wird kein Ausdruck gezeigt."],
      reconnecting: ["{} wird wieder verbunden", "Bis ein neues Bild kommt, wird kein Ausdruck gezeigt."],
      paused: ["Pause", ""],
      ended: ["Ende von {}", ""],
      failed: ["Durch einen Fehler beendet", ""],
      away: ["Das Programm antwortet nicht", "Diese Seite verbindet sich von selbst wieder."],
    },
  },
};
