// Links and buttons that run actions instead of leading somewhere (spec/area1 §16.7), popovers, the help tab.

import { isBusy, performAction } from './ask.js';
import { sendDocuments } from './documents.js';
import { atou, encodedAction, encodedName } from './encoding.js';
import { current, onScreen, target } from './page.js';
import { phrase } from './wording.js';

onScreen((root) => {
  for (const link of root.querySelectorAll('a[href]')) mark(link);
  for (const element of root.querySelectorAll('[data-bs-toggle="popover"]')) {
    new bootstrap.Popover(element, {
      trigger: element.dataset.bsTrigger ?? 'focus',
      html: true,
      container: 'body',
      popperConfig: (usual) => ({ ...usual, modifiers: [...usual.modifiers, { name: 'preventOverflow', options: { padding: 8 } }] }),
    });
    element.addEventListener('click', (event) => {
      event.preventDefault();
      element.focus();
    });
  }
});

/** Escape closes what is open above the page; the thing that opened it keeps the focus. */
function closeOnEscape(event) {
  if (event.key !== 'Escape') return;
  for (const element of target().querySelectorAll('[data-bs-toggle="popover"][aria-describedby]')) {
    bootstrap.Popover.getInstance(element)?.hide();
  }
}

/** What looks like a button and is none opens by the keys that press buttons. */
function openByKey(event) {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  if (event.target.dataset.bsToggle === 'popover') bootstrap.Popover.getInstance(event.target)?.show();
  else event.target.click();
}

/** Find out what a link is: an action of this session, a script, our own page, or somewhere else. */
function mark(link) {
  const href = link.getAttribute('href');
  if (href.startsWith('javascript:')) {
    link.dataset.js = href.slice('javascript:'.length);
    return;
  }
  if (href === '' || href.startsWith('#') || link.dataset.embaction || link.dataset.action) return;
  const url = new URL(href, window.location.href);
  if (url.origin !== window.location.origin) {
    if (!link.target && /^https?:$/.test(url.protocol)) {
      link.target = '_blank';
      link.rel = 'noopener';
    }
    return;
  }
  const action = url.searchParams.get('action');
  if (action && isOurs(url)) link.dataset.embaction = action;
}

/** An action of another interview or session is a link like any other (spec/area2 §13). */
function isOurs(url) {
  const [interview, session] = [url.searchParams.get('i'), url.searchParams.get('session')];
  return (!interview || interview === current.page.interview) && (!session || session === current.page.session);
}

function onClick(event) {
  const link = event.currentTarget;
  if (!target().contains(link) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.dataset.js !== undefined) {
    event.preventDefault();
    $.globalEval(unescaped(link.dataset.js));
    return;
  }
  const encoded = link.dataset.embaction ?? reviewAction(link);
  if (!encoded) return;
  event.preventDefault();
  if (isBusy()) return;
  if (link.classList.contains('daremovebutton') && !window.confirm(phrase('Are you sure you want to delete this item?'))) return;
  if (link.dataset.target) openElsewhere(encoded, link.dataset.target);
  else performAction(encoded);
}

/** The script of a `javascript:` address; a percent sign in it may be one of an escape, or one of a division. */
function unescaped(script) {
  try {
    return decodeURIComponent(script);
  } catch {
    return script;
  }
}

/** Review links hold base64 JSON: an action, or a list of names that are to be asked again. */
function reviewAction(link) {
  if (!link.classList.contains('da-review-action') || !link.dataset.action) return null;
  const said = JSON.parse(atou(link.dataset.action));
  if (typeof said === 'string') return encodedAction(said);
  if (Array.isArray(said)) return encodedAction('_da_force_ask', { variables: said });
  return encodedName(JSON.stringify(said));
}

function openElsewhere(encoded, name) {
  const address = new URL(current.page.post_url, window.location.href);
  address.searchParams.set('session', current.page.session);
  address.searchParams.set('action', encoded);
  window.open(address, name === true ? '_blank' : name);
}

function toggleHelp(isShown) {
  $('#dahelp').prop('hidden', !isShown);
  $('#daquestion').prop('hidden', isShown);
  $('#daquestionlabel').prop('hidden', !isShown);
  $('#dahelptoggle').attr('aria-expanded', String(isShown)).toggleClass('active', isShown);
  window.scrollTo(0, 0);
  const heading = isShown ? (document.querySelector('#dahelp h2') ?? document.getElementById('dabackToQuestion')) : document.getElementById('daMainQuestion');
  if (heading?.tagName === 'H2') heading.tabIndex = -1;
  heading?.focus({ preventScroll: true });
}

export function listen() {
  document.addEventListener('keydown', closeOnEscape);
  $(document).on('keydown', '#dabody [role=button]:not(button)', openByKey);
  $(document).on('click', '.da-skip', (event) => {
    event.preventDefault();
    document.getElementById('daMainQuestion')?.focus();
  });
  $(document).on('click', 'a, button', onClick); // by jQuery, because scripts of authors click through it
  $(document).on('click', '[data-mail-action]', sendDocuments);
  $(document).on('click', '#dahelptoggle, .daquestionhelpbutton', (event) => {
    event.preventDefault();
    toggleHelp($('#dahelp').prop('hidden'));
  });
  $(document).on('click', '#dabackToQuestion, #daquestionlabel', (event) => {
    event.preventDefault();
    toggleHelp(false);
  });
}
