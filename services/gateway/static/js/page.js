// The screen that is shown: what the server said of it, and its life cycle (spec/area1 §16.1).

import { lookups } from './fields.js';
import { keep, noteDefaults, restore } from './keeping.js';

export const current = { page: null, shownAt: 0, serial: 0, version: 0 };

const starters = [];

/** Run `start(root)` for every screen once its HTML is in place; what makes inputs of its own comes first. */
export function onScreen(start, { isFirst = false } = {}) {
  if (isFirst) starters.unshift(start);
  else starters.push(start);
}

export function target() {
  return document.getElementById('dabody');
}

/** The first screen: its HTML came with the document. */
export function begin() {
  adopt(JSON.parse(document.getElementById('da-page').textContent));
  runScripts(current.page.extra_scripts);
  noteDefaults(target());
  initialise();
  announce('daPageLoad');
}

/** A later screen: an answer with `action: body`. The same screen shown anew (`keepsScroll`) keeps what was typed. */
export function show(answer, { keepsScroll = false } = {}) {
  if (!keepsScroll && goesFullScreen()) return;
  const isSame = keepsScroll && answer.id_dict.name === current.page.id_dict.name && answer.session === current.page.session;
  const kept = isSame ? keep(target()) : null;
  disposeWidgets();
  $(target()).html(answer.body);
  adopt(answer);
  document.title = answer.browser_title;
  setLanguage(answer);
  document.body.className = answer.bodyclass;
  noteDefaults(target());
  const isRestored = kept && restore(target(), kept);
  initialise();
  isRestored?.afterwards();
  runScripts(answer.extra_scripts);
  for (const css of answer.extra_css) $('head').append(css);
  if (!keepsScroll) window.scrollTo(0, 0);
  if (!isSame) focusOnNews();
  announce('daPageLoad');
}

/** `go full screen`: inside another page, the second screen takes the whole window; `mobile` does so on phones only. */
function goesFullScreen() {
  const wanted = current.page.full_screen;
  if (!wanted || window.self === window.top) return false;
  if (wanted === 'mobile' && !window.matchMedia('(max-device-width: 767.98px)').matches) return false;
  const address = new URL(current.page.post_url, window.location.href);
  address.searchParams.set('session', current.page.session);
  window.top.location.assign(address);
  return true;
}

/** A page that says what went wrong, instead of a screen. */
export function showError(answer) {
  disposeWidgets();
  $(target()).html(answer.body);
  document.title = answer.error?.title || 'Error';
  focusOnNews();
  announce('daPageError');
}

/** A person who does not see the page is told what is new: what was refused, else the heading. */
function focusOnNews() {
  const wrong = target().querySelector('#daform [aria-invalid="true"]:not([type=hidden]), #daform .da-has-error :is(input, select, textarea):not([type=hidden])');
  if (wrong) wrong.scrollIntoView({ block: 'center' });
  (wrong ?? document.getElementById('daMainQuestion'))?.focus({ preventScroll: true });
}

/** The language of the screen, and the style sheet for the way it is written. */
function setLanguage({ lang, dir }) {
  const root = document.documentElement;
  root.lang = lang;
  if (root.dir === dir) return;
  root.dir = dir;
  const sheet = document.getElementById('da-bootstrap');
  sheet.href = sheet.href.replace(/bootstrap(\.rtl)?\.min\.css/, dir === 'rtl' ? 'bootstrap.rtl.min.css' : 'bootstrap.min.css');
}

export function announce(name, args = []) {
  $(document).trigger(name, args);
}

/** This tab's session, which reloading the tab shows again, is gone. */
export function forgetSession() {
  sessionStorage.removeItem(`colloquy session ${current.page.interview}`);
}

function adopt(page) {
  current.page = page;
  current.shownAt = performance.now();
  current.serial += 1;
  current.version = page.version;
  current.checkInCode = Math.random().toString();
  Object.assign(window, lookups(), {
    daInterviewUrl: page.post_url,
    daPostURL: page.post_url,
    daLocationBar: page.post_url,
    daYamlFilename: page.interview,
    daCsrf: page.csrf_token,
    daQuestionID: page.id_dict,
    daQuestionData: page.question_data ?? null,
    daSteps: page.steps,
    daAllowGoingBack: page.allow_going_back,
    daMessageLog: page.message_log,
    daCheckinSeconds: page.check_in_seconds * 1000,
    daDoAction: page.do_action,
    daTargetDiv: '#dabody',
    daUserId: page.user_id,
    daIsUser: page.is_user,
    daFieldsToSkip: ['csrf_token', '_session', '_step', '_operation', '_form', '_question_name', '_visible', 'ajax'],
  });
  for (const line of page.message_log) logToConsole(line);
}

function logToConsole({ message, priority }) {
  if (priority === 'console') console.log(message);
  else if (priority === 'javascript') runScripts([{ type: 'custom', script: message }]);
}

function initialise() {
  const root = target();
  for (const start of starters) start(root);
}

/** Authors' scripts run in the global scope, so that their functions and variables stay. */
function runScripts(scripts) {
  for (const one of scripts) {
    if (one.type !== 'custom') continue;
    try {
      $.globalEval(one.script);
    } catch (error) {
      console.error('A script of the interview failed:', error);
    }
  }
}

function disposeWidgets() {
  for (const element of target().querySelectorAll('[data-bs-toggle="popover"]')) {
    bootstrap.Popover.getInstance(element)?.dispose();
  }
}
