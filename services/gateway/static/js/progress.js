// Bars of background tasks (`progress_bar()` in an interview): moved on by what the tasks say of themselves.

/** How far a task is: `fraction` from 0 to 1, or null when nobody knows. Without effect where no bar of it is shown. */
export function showProgress({ task, fraction, message }) {
  for (const shown of document.getElementsByClassName('da-task-progress')) {
    if (shown.dataset.task === task) move(shown, fraction, message);
  }
}

function move(shown, fraction, message) {
  const bar = shown.querySelector('.progress');
  const filled = shown.querySelector('.progress-bar');
  const words = shown.querySelector('.da-task-message');
  const isKnown = fraction !== null;
  const percent = isKnown ? Math.round(fraction * 100) : 100;
  filled.style.width = `${percent}%`;
  filled.classList.toggle('progress-bar-striped', !isKnown);
  filled.classList.toggle('progress-bar-animated', !isKnown);
  if (isKnown) bar.setAttribute('aria-valuenow', percent);
  else bar.removeAttribute('aria-valuenow');
  if (words.textContent !== message) words.textContent = message;
}
