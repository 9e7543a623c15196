// Reading a screen aloud (`speak_text`, spec/area4 §7.6), with the voices of the browser: nothing leaves the device.

import { onScreen } from './page.js';
import { phrase } from './wording.js';

const READ = '.da-pre, #daMainQuestion, .da-error-summary, .da-subquestion, .da-legend, label, .da-note, .da-under-text, .da-submit, .daundertext';

const voices = window.speechSynthesis;

onScreen((root) => {
  voices?.cancel(); // what belongs to the screen before
  const button = root.querySelector('#daspeak');
  if (!button || !voices || !window.SpeechSynthesisUtterance) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-pressed') === 'true') {
      voices.cancel();
      show(button, false);
    } else {
      read(root, button);
    }
  });
});

// A page that is left would go on talking.
window.addEventListener('pagehide', () => voices?.cancel());

function read(root, button) {
  const texts = passages(root.querySelector('#daform'));
  if (texts.length === 0) return;
  voices.cancel();
  show(button, true);
  for (const [place, text] of texts.entries()) {
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.lang = document.documentElement.lang;
    spoken.onerror = () => show(button, false);
    if (place === texts.length - 1) spoken.onend = () => show(button, false);
    voices.speak(spoken); // one passage each: browsers stop in the middle of long ones
  }
}

/** What a person reads on the screen, in order, each text once. */
function passages(form) {
  const found = [...form.querySelectorAll(READ)].filter((one) => one.offsetParent !== null && !one.parentElement.closest(READ));
  return found.map((one) => one.innerText.trim()).filter(Boolean);
}

function show(button, isReading) {
  button.setAttribute('aria-pressed', String(isReading));
  button.querySelector('span').textContent = isReading ? phrase('Stop reading') : phrase('Read aloud');
}
