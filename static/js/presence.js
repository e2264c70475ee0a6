/* The sign of life of a live session: while this page is open, the form [data-presence] is sent every so many seconds.
   Hidden tabs are slowed down by browsers to about once a minute; the server's lease is longer than that. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-presence]");
  if (!form) return;
  const every = Number(form.dataset.presence) * 1000;
  const [on, off] = ["on", "off"].map((name) => form.querySelector(`[data-presence-${name}]`));
  let timer, sent = Date.now();

  const show = (connected) => { on.hidden = !connected; off.hidden = connected; };
  const beat = async () => {
    clearTimeout(timer);
    timer = setTimeout(beat, every);
    sent = Date.now();
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { "X-Presence": "1" }, keepalive: true, redirect: "error",
      });
      if (answer.status === 410) { location.assign(form.dataset.over); return; }
      show(answer.ok);
    } catch { show(false); }
  };
  const again = () => { if (!document.hidden && Date.now() - sent > every / 2) beat(); };

  document.addEventListener("visibilitychange", again);
  addEventListener("online", beat);
  addEventListener("offline", () => show(false));
  timer = setTimeout(beat, every);
})();
