// Modules that few screens need. They are fetched when the first such screen comes, before it is shown.

const MODULES = [
  { sign: /da-(ajax-)?combobox/, bring: () => import('./combobox.js') },
  { sign: /id="dasigcanvas"/, bring: () => import('./signature.js') },
  { sign: /type="file"/, bring: () => import('./uploads.js') },
  { sign: /name="_track_location"/, bring: () => import('./location.js') },
  { sign: /id="daspeak"/, bring: () => import('./speak.js') },
  { sign: /dacollect/, bring: () => import('./collect.js') },
];

/** Run `work` when the modules that this HTML needs are there: at once, when they are. */
export function withWidgets(html, work) {
  const missing = MODULES.filter((module) => !module.isHere && module.sign.test(html));
  if (missing.length === 0) {
    work();
    return;
  }
  $.active += 1; // whoever waits for jQuery to be idle waits for the screen
  const fetched = missing.map((module) =>
    module.bring().then(
      () => { module.isHere = true; },
      (error) => console.error('A part of the page could not be fetched:', error), // it stays as it is without scripts
    ),
  );
  Promise.all(fetched).then(work).finally(() => { $.active -= 1; });
}
