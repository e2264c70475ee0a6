/* Keeps what a learner does in the player: on this device at once, on the server every five seconds and when they leave.
   The server decides what counts; a save that got lost is sent again, and sending twice changes nothing.
   Without this script the forms of the page do the same. */
(() => {
  "use strict";
  const root = document.querySelector("[data-player]");
  if (!root) return;
  const EVERY = 5000, IDLE = 60000, SOON = 400;
  const { attempt, save: url, kind } = root.dataset;
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const prefix = `lxp:play:${attempt}:`;
  const visit = Math.random().toString(36).slice(2, 10);
  let revision = Number(root.dataset.revision), over = root.dataset.state !== "started";
  let seconds = 0, dirty = false, sending = false, moved = Date.now(), wait = 0, video;
  const now = { position: {}, evidence: {}, answers: {} };

  /* ---- what is kept here until the server has it ---- */
  const keep = () => {
    try { localStorage.setItem(prefix + visit, JSON.stringify({ revision, seconds: Math.floor(seconds), visit, ...now })); } catch { /* full or forbidden: the server still gets it */ }
  };
  const forget = (key) => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } };
  const changed = (soon) => { dirty = true; keep(); if (soon) setTimeout(send, SOON); };

  /* ---- sending ---- */
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
  const post = (body, leaving) => fetch(url, { method: "POST", keepalive: leaving, credentials: "same-origin", redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify(body) });
  const say = (word, icon, tone) => {
    const status = $("#save-status");
    if (!status || status.dataset.word === word) return;
    status.dataset.word = word;
    status.dataset.tone = tone;
    $("span", status).textContent = status.dataset[word];
    const use = $("use", status);
    if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#i-" + icon));
  };
  const failed = (answer) => {
    dirty = true;
    wait = Math.min(60000, Math.max(EVERY, wait * 2));
    const out = answer && (answer.type === "opaqueredirect" || answer.status === 403);
    say(out ? "signin" : "kept", "cloud-off", "alert");
  };
  let next = 0;
  const send = async (leaving) => {
    if (!dirty || (sending && leaving !== true)) return;
    sending = true; dirty = false;
    if (leaving !== true) say("saving", "loader-circle", "");
    try {
      const answer = await post({ revision, seconds: Math.floor(seconds), visit, ...now }, leaving === true);
      if (!answer.ok) return failed(answer);
      const held = await answer.json();
      revision = held.revision; wait = 0;
      if (!dirty) forget(prefix + visit);
      say("saved", "cloud-check", "good");
      if (held.finished) finished();
    } catch { failed(); } finally { sending = false; next = Date.now() + Math.max(EVERY, wait); }
  };
  /* What an earlier page could not send, from this device: its own visit, its own revision. */
  const leftovers = async () => {
    let keys = [];
    try { keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key !== prefix + visit); } catch { return; }
    for (const key of keys) {
      try {
        const answer = await post(JSON.parse(localStorage.getItem(key)));
        if (answer.ok) { const held = await answer.json(); revision = held.revision; forget(key); if (held.finished) finished(); }
        else if (answer.status === 422 || answer.status === 404) forget(key); // not ours any more
      } catch { return; }
    }
  };
  /* The page tells how it ended without taking away what is playing. */
  const finished = async () => {
    if (over) return;
    over = true;
    const html = await fetch(location.href, { credentials: "same-origin" }).then((r) => (r.ok ? r.text() : "")).catch(() => "");
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#finish");
    if (fresh) { $("#finish").replaceWith(fresh); window.htmx?.process(fresh); }
  };

  /* ---- time that is really spent: the page in sight, and somebody there (or a video running) ---- */
  ["pointermove", "pointerdown", "keydown", "scroll", "touchstart"].forEach((type) => addEventListener(type, () => { moved = Date.now(); }, { passive: true, capture: true }));
  setInterval(() => {
    const here = !document.hidden && (Date.now() - moved < IDLE || (video && !video.paused));
    if (here) { seconds += 1; if (!over) dirty = true; }
    if (dirty) keep();
    if (dirty && Date.now() >= next) send();
  }, 1000);
  document.addEventListener("visibilitychange", () => { if (document.hidden) send(true); });
  addEventListener("pagehide", () => send(true));
  addEventListener("online", () => { wait = 0; next = 0; });

  /* ---- reading: how far down, and whether the end was in sight ---- */
  const reading = () => {
    const text = $("[data-reading]"), end = $("[data-reading-end]");
    if (!text) return;
    const look = () => {
      const box = text.getBoundingClientRect();
      if (!box.height) return;
      const depth = Math.min(1, Math.max(0, (innerHeight - box.top) / box.height));
      now.position.depth = Number(depth.toFixed(3));
      if (depth > (now.evidence.depth || 0) + 0.01) { now.evidence.depth = now.position.depth; changed(); }
    };
    new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting) && !now.evidence.end) { now.evidence.end = true; now.evidence.depth = 1; changed(true); } }).observe(end);
    const resume = Number(text.dataset.resume);
    if (!over && resume > 0.15 && resume < 0.98 && !location.hash) {
      const box = text.getBoundingClientRect();
      scrollTo({ top: scrollY + box.top + box.height * resume - innerHeight, behavior: "instant" });
    }
    let later;
    addEventListener("scroll", () => { clearTimeout(later); later = setTimeout(look, 200); }, { passive: true });
    look();
    const print = $("[data-print]");
    if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }
  };

  /* ---- checklist: each tick at once; quiz: each choice, before it is handed in ---- */
  const ticking = () => $("[data-checklist]")?.addEventListener("change", (e) => {
    now.answers[e.target.value] = e.target.checked;
    changed(true);
  });
  const choosing = () => document.addEventListener("change", (e) => {
    const question = e.target.closest("[data-quiz] fieldset[data-key]");
    if (!question) return;
    now.position.draft = { ...now.position.draft, [question.dataset.key]: all("input:checked", question).map((input) => input.value) };
    changed();
  });
  // The form goes with its own revision: what is on its way must not come after it.
  document.addEventListener("htmx:afterRequest", (e) => { if (e.target.matches?.("[data-quiz]")) { now.position.draft = {}; dirty = false; forget(prefix + visit); } });

  /* ---- video ---- */
  const clock = (s) => { const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, r = String(Math.floor(s % 60)).padStart(2, "0"); return h ? `${h}:${String(m).padStart(2, "0")}:${r}` : `${m}:${r}`; };
  const merge = (list) => list.sort((a, b) => a[0] - b[0]).reduce((done, [from, to]) => {
    const last = done.at(-1);
    if (last && from <= last[1] + 0.25) last[1] = Math.max(last[1], to); else done.push([from, to]);
    return done;
  }, []);
  const watching = () => {
    const box = $("[data-video]");
    if (!box) return;
    video = $("video", box);
    const bar = $(".scrub", box), range = $("input", bar), length = Number(box.dataset.seconds);
    const buttons = Object.fromEntries(all("[data-do]", box).map((button) => [button.dataset.do, button]));
    const cues = all(".transcript [data-seek]"), chapters = all(".play-parts [data-seek]");
    let from = null, told = 0;
    now.evidence.watched = [];
    video.controls = false;
    $("[data-controls]", box).hidden = false;
    box.classList.add("ready");

    const seen = () => {
      const at = Math.min(video.currentTime, length);
      if (from !== null && at > from) { now.evidence.watched = merge([...now.evidence.watched, [from, Number(at.toFixed(3))]]); from = Number(at.toFixed(3)); dirty = true; }
      now.position.second = Number(at.toFixed(1));
    };
    const place = (list, at) => list.filter((one) => Number(one.dataset.seek) <= at + 0.05).at(-1);
    const paint = () => {
      const at = video.currentTime, percent = String(at / length * 100);
      bar.style.setProperty("--p", percent); range.style.setProperty("--p", percent);
      if (document.activeElement !== range || !range.matches(":active")) range.value = String(Math.floor(at));
      range.setAttribute("aria-valuetext", range.dataset.template.replace("{now}", clock(at)));
      $("[data-now]", box).textContent = clock(at);
      $("[data-chapter]", box).textContent = place(chapters, at)?.querySelector("span").textContent || "";
      const current = place(cues, at);
      if (current && !current.hasAttribute("aria-current")) {
        cues.forEach((cue) => cue.removeAttribute("aria-current"));
        current.setAttribute("aria-current", "true");
        const list = current.parentElement;
        if (!list.matches(":hover, :focus-within")) list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 3;
      }
      all("[data-at-second]").forEach((field) => { field.value = String(Math.floor(at)); });
    };
    const playing = () => {
      const is = !video.paused;
      box.classList.toggle("playing", is);
      buttons.play.setAttribute("aria-label", is ? buttons.play.dataset.pause : buttons.play.dataset.play);
    };
    const seek = (to) => { seen(); from = null; video.currentTime = Math.min(Math.max(0, to), length); };
    video.addEventListener("loadedmetadata", () => { const to = Number(box.dataset.resume); if (to && video.currentTime < 1) video.currentTime = to; paint(); });
    ["play", "playing"].forEach((type) => video.addEventListener(type, () => { from ??= video.currentTime; }));
    video.addEventListener("timeupdate", () => { if (!video.seeking) seen(); paint(); if (Date.now() - told > 1000) { told = Date.now(); keep(); } });
    video.addEventListener("seeking", () => { from = null; });
    video.addEventListener("seeked", () => { from = video.paused ? null : video.currentTime; now.position.second = Number(video.currentTime.toFixed(1)); dirty = true; paint(); });
    ["pause", "ended", "waiting"].forEach((type) => video.addEventListener(type, () => { if (!video.seeking) seen(); from = null; if (type !== "waiting") changed(true); }));
    ["play", "pause", "ended"].forEach((type) => video.addEventListener(type, playing));
    video.addEventListener("click", () => (video.paused ? video.play() : video.pause()));
    range.addEventListener("input", () => seek(Number(range.value)));
    document.addEventListener("click", (e) => {
      const to = e.target.closest("[data-seek]");
      if (to) { seek(Number(to.dataset.seek)); if (video.paused) video.play().catch(() => {}); }
    });
    const speeds = [1, 1.25, 1.5, 2, 0.75];
    const act = {
      play: () => (video.paused ? video.play() : video.pause()),
      back: () => seek(video.currentTime - 10),
      speed: (button) => {
        const speed = speeds[(speeds.indexOf(video.playbackRate) + 1) % speeds.length];
        video.playbackRate = speed;
        $("b", button).textContent = `${speed}×`;
        button.setAttribute("aria-label", button.dataset.template.replace("{speed}", speed));
      },
      captions: (button) => {
        const on = button.getAttribute("aria-pressed") !== "true";
        video.textTracks[0].mode = on ? "showing" : "hidden";
        button.setAttribute("aria-pressed", String(on));
      },
      window: () => (document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture()),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen?.() || video.webkitEnterFullscreen?.()),
    };
    Object.entries(buttons).forEach(([name, button]) => button.addEventListener("click", () => act[name](button)));
    if (buttons.window && document.pictureInPictureEnabled) buttons.window.hidden = false;
    if (video.readyState >= 1) video.dispatchEvent(new Event("loadedmetadata"));
    playing(); paint();
  };

  ({ video: watching, article: reading, job_aid: reading, checklist: ticking, quiz: choosing })[kind]?.();
  leftovers();
})();
