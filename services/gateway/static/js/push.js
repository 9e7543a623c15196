// The live connection: the server says that the session changed, by ids only. When it breaks, or cannot be made at all,
// the page polls until it is back; attempts get rarer and are spread, so that a server that comes back is not overrun.

import { isOwnOperation } from './ask.js';
import { lookNow, onChange, pauseAfter, setWatched } from './checkin.js';
import { current } from './page.js';
import { showProgress } from './progress.js';

const REFUSED = 4403;
const SPREAD_MS = 1000;
const OPENING_MS = 15_000;
const STEADY_MS = 10_000;
const BEATS_MISSED = 2.5;

let socket = null;
let token = null;
let session = null;
let attempts = 0;
let timer = null;
let silence = null;
let steady = null;
let hasBeenWatched = false;
let isRefused = false;

/** Listen to the session that is on the screen. */
export function watch() {
  if (session === current.page.session && !(isRefused && token !== current.page.watch)) return;
  hasBeenWatched &&= session === current.page.session;
  session = current.page.session;
  isRefused = false;
  attempts = 0;
  connect();
}

/** A machine that slept, or was offline, tries at once. */
export function watchAgain() {
  if (session !== null && !isRefused && (!socket || socket.readyState > WebSocket.OPEN)) connect();
}

function connect() {
  clearTimeout(timer);
  drop();
  token = current.page.watch;
  const address = new URL('/ws', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  try {
    socket = new WebSocket(address);
  } catch {
    onClosed({});
    return;
  }
  expectWithin(OPENING_MS);
  socket.onopen = () => socket.send(JSON.stringify({ type: 'watch', token, version: current.version }));
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = onClosed;
}

function drop() {
  clearTimeout(silence);
  clearTimeout(steady);
  if (!socket) return;
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.close();
  socket = null;
}

function onClosed({ code }) {
  drop();
  setWatched(false);
  isRefused = code === REFUSED;
  if (isRefused) return;
  attempts += 1;
  timer = setTimeout(connect, pauseAfter(attempts) / 2 + Math.random() * SPREAD_MS);
}

/** A connection that is dead says nothing, not even that: it is given up when no heartbeat came. */
function expectWithin(milliseconds) {
  clearTimeout(silence);
  silence = setTimeout(() => onClosed({}), milliseconds);
}

function hear(message) {
  if (message.type === 'watching') {
    socket.beatMs = message.beat_seconds * 1000;
    steady = setTimeout(() => { attempts = 0; }, STEADY_MS);
    setWatched(true);
    if (hasBeenWatched) lookNow(); // whatever happened meanwhile
    hasBeenWatched = true;
  } else if (message.type === 'changed') {
    onChange(message, message.operation !== '' && isOwnOperation(message.operation));
  } else if (message.type === 'progress') {
    showProgress(message);
  } else if (message.type === 'look') {
    setTimeout(lookNow, Math.random() * SPREAD_MS);
  }
  expectWithin(socket.beatMs * BEATS_MISSED);
}
