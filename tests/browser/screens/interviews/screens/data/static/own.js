// A file of the interview for every page: loaded once, told of each screen.
window.ownFile = { loads: (window.ownFile?.loads ?? 0) + 1, screens: 0 };
$(document).on('daPageLoad', function () { window.ownFile.screens += 1; });
