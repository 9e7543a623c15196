// The screen that is shown: what the server said of it, and its life cycle (spec/area1 §16.1).

export const current = { page: null, shownAt: 0, serial: 0 };

const starters = [];

/** Run `start(root)` for every screen once its HTML is in place. */
export function onScreen(start) {
  starters.push(start);
}

export function target() {
  return document.getElementById('dabody');
}

/** The first screen: its HTML came with the document. */
export function begin() {
  adopt(JSON.parse(document.getElementById('da-page').textContent));
  runScripts(current.page.extra_scripts);
  initialise();
  announce('daPageLoad');
}

/** A later screen: an answer with `action: body`. */
export function show(answer, { keepsScroll = false } = {}) {
  disposeWidgets();
  $(target()).html(answer.body);
  adopt(answer);
  document.title = answer.browser_title;
  setLanguage(answer);
  document.body.className = answer.bodyclass;
  initialise();
  runScripts(answer.extra_scripts);
  for (const css of answer.extra_css) $('head').append(css);
  if (!keepsScroll) {
    window.scrollTo(0, 0);
    focusOnNews();
  }
  announce('daPageLoad');
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

function adopt(page) {
  current.page = page;
  current.shownAt = performance.now();
  current.serial += 1;
  current.checkInCode = Math.random().toString();
  Object.assign(window, {
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
