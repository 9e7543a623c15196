// Where the browser is, if the interview wants to know (`track_location`, spec/area4 §7.6): told with the next form.

import { onScreen } from './page.js';

const PATIENCE_MS = 10_000;

onScreen((root) => {
  const told = root.querySelector('#daform > input[name=_track_location]');
  if (!told) return;
  const tell = (what) => {
    told.value = JSON.stringify(what);
  };
  if (!navigator.geolocation) {
    tell({ error: 'This browser does not know where it is.' });
    return;
  }
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => tell({ latitude: coords.latitude, longitude: coords.longitude }),
    (problem) => tell({ error: problem.message }),
    { timeout: PATIENCE_MS },
  );
});
