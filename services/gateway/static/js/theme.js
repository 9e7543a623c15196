// Follow the system's choice of light or dark before anything is painted; `/dark_mode` remembers another choice.
(function () {
  const wanted = document.cookie.match(/(?:^|;\s*)colloquy_theme=(light|dark)/);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    document.documentElement.dataset.bsTheme = wanted ? wanted[1] : dark.matches ? 'dark' : 'light';
  };
  apply();
  dark.addEventListener('change', apply);
})();
