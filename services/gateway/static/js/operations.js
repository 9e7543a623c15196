// The operations console keeps itself up to date: it gets its own page every few seconds and takes over what has changed.

const EVERY_MS = 3000;

const toggle = document.getElementById('live-toggle');
let isLive = true;

toggle.hidden = false;
toggle.addEventListener('click', () => {
  isLive = !isLive;
  toggle.setAttribute('aria-pressed', String(isLive));
});

async function renew() {
  if (isLive && !document.hidden) {
    try {
      const answer = await fetch(window.location.href, { headers: { accept: 'text/html' } });
      if (answer.redirected || !answer.ok) return; // signed out, or the server has gone: the page stays as it is
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const id of ['live', 'dead-letters', 'in-quarantine']) {
        const [now, then] = [page.getElementById(id), document.getElementById(id)];
        if (now && then && now.innerHTML !== then.innerHTML) then.replaceChildren(...now.childNodes);
      }
    } catch {
      // the next time will do
    }
  }
  setTimeout(renew, EVERY_MS);
}

setTimeout(renew, EVERY_MS);
