// A page that says "busy" or "not there at the moment" tries again by itself.
(function () {
  const seconds = Number(document.body.dataset.retrySeconds);
  if (seconds > 0) setTimeout(() => location.reload(), seconds * 1000);
})();
