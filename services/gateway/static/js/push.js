// The live connection: the server says that the session changed, by ids only. When it breaks, the page polls until it is
// back; attempts get rarer and are spread, so that a server that comes back is not overrun.

import { isOwnOperation } from './ask.js';
import { onChange, setWatched } from './checkin.js';
import { current } from './page.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const REFUSED = 4403;

let socket = null;
let session = null;
let attempts = 0;
let timer = null;

/** Listen to the session that is on the screen. */
export function watch() {
  if (session !== current.page.session) {
    session = current.page.session;
    attempts = 0;
    connect();
  }
}

function connect() {
  clearTimeout(timer);
  if (socket) {
    socket.onclose = null;
    socket.close();
  }
  const address = new URL('/ws', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  socket = new WebSocket(address);
  socket.onopen = () => {
    const { watch: token, version } = current.page;
    socket.send(JSON.stringify({ type: 'watch', token, version }));
  };
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = (event) => {
    setWatched(false);
    if (event.code !== REFUSED) timer = setTimeout(connect, pause());
  };
}

function hear(message) {
  if (message.type === 'watching') {
    attempts = 0;
    setWatched(true);
  } else if (message.type === 'changed') {
    onChange(message, message.operation !== '' && isOwnOperation(message.operation));
  }
}

function pause() {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS);
  attempts += 1;
  return longest * (0.5 + Math.random() / 2);
}
