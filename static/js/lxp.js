/* What pages do by themselves, on top of plain links and forms. Everything works without it.
   Behaviour is asked for in the markup: data-dialog, data-close, data-dismiss, data-hide, data-auto, data-themes. */
(() => {
  "use strict";
  const root = document.documentElement, body = document.body;
  const $ = (selector, from = document) => from.querySelector(selector);
  const on = (type, fn, from = document, options) => from.addEventListener(type, fn, options);
  const busy = (button, is) => {
    if (!button) return;
    button.classList.toggle("htmx-request", is);
    if (is) button.setAttribute("aria-busy", "true"); else button.removeAttribute("aria-busy");
  };

  /* ---- focus: to what is wrong, else it stays; never lost in a swap ---- */
  const focus = (element) => {
    if (!element) return false;
    if (!element.matches("a[href], button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
    element.focus();
    return true;
  };
  const toError = (from) => focus($(".form-errors", from) || $('[aria-invalid="true"]', from));
  let lost = false, last;
  on("htmx:beforeSwap", (e) => { lost = document.activeElement !== body; last = e.detail.target.lastElementChild; });
  on("htmx:afterSettle", (e) => {
    const target = e.detail.elt;
    if (e.detail.xhr?.status === 422) return toError(target.closest("form") || target);
    if (lost && document.activeElement === body) focus((last?.isConnected && last.nextElementSibling) || $("h1, h2, h3", target) || target); // appended: the first new row
    lost = false;
  });

  /* ---- forms: one submission at a time, and it shows ---- */
  on("submit", (e) => {
    const form = e.target, button = e.submitter;
    if (form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.sent) return e.preventDefault();
    form.dataset.sent = "1";
    // After the browser has read the form: a busy button's name and value still go along.
    setTimeout(() => busy(button, true));
    setTimeout(() => { delete form.dataset.sent; busy(button, false); }, 8000);
  });
  on("pageshow", (e) => {
    if (e.persisted) document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll(".htmx-request").forEach((button) => busy(button, false));
    });
  }, window);
  on("change", (e) => { const form = e.target.closest("form[data-auto]"); if (form) form.requestSubmit(); });
  const pressed = (e) => e.detail.requestConfig?.triggeringEvent?.submitter;
  on("htmx:beforeRequest", (e) => busy(pressed(e), true));
  on("htmx:afterRequest", (e) => busy(pressed(e), false));

  /* ---- trouble and being offline: notices in place ---- */
  const show = (id, is) => { const notice = document.getElementById(id); if (notice) notice.hidden = !is; };
  const online = () => show("offline", !navigator.onLine);
  on("online", online, window);
  on("offline", online, window);
  online();
  on("htmx:sendError", () => show("trouble", navigator.onLine));
  on("htmx:responseError", () => show("trouble", true));
  on("htmx:afterRequest", (e) => { if (e.detail.successful) show("trouble", false); });

  /* ---- dialogs ---- */
  const shared = document.getElementById("dialog");
  on("htmx:afterSwap", (e) => { if (shared && e.detail.target === shared && shared.innerHTML.trim() && !shared.open) shared.showModal(); });
  on("dialog:close", () => shared?.close());
  if (shared) on("close", () => { shared.innerHTML = ""; }, shared);
  on("click", (e) => {
    const t = e.target, within = (selector) => t.closest?.(selector);
    const opener = within("[data-dialog]");
    if (opener) { e.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal(); }
    if (within("[data-close]") && within("dialog[open]")) { e.preventDefault(); within("dialog").close(); }
    if (t.matches("dialog[open]")) {
      const box = t.getBoundingClientRect();
      if (e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom) t.close();
    }
    if (within("[data-hide]")) within(".notice").hidden = true;
    if (within("[data-dismiss]")) within(".toast").remove();
    document.querySelectorAll("details.pop[open]").forEach((pop) => { if (!pop.contains(t)) pop.open = false; });
  });

  /* ---- menus: arrows inside, Escape and leaving close them ---- */
  on("keydown", (e) => {
    const pop = e.target.closest?.("details.pop");
    if ((e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === "k") {
      const find = $(".find");
      if (find) { e.preventDefault(); find.click(); }
      return;
    }
    if (!pop) return;
    if (e.key === "Escape" && pop.open) { pop.open = false; $("summary", pop).focus(); return; }
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    pop.open = true;
    const items = [...pop.querySelectorAll(".menu a, .menu button")].filter((item) => item.offsetParent);
    const at = items.indexOf(document.activeElement);
    items.at(at < 0 ? (step > 0 ? 0 : -1) : (at + step) % items.length)?.focus();
  });
  on("focusout", (e) => {
    const pop = e.target.closest?.("details.pop[open]");
    if (pop && e.relatedTarget && !pop.contains(e.relatedTarget)) pop.open = false;
  });

  /* ---- toasts: eight seconds or as long as it takes to read; they wait while looked at ---- */
  const toasts = document.getElementById("toasts");
  const time = (toast) => {
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), Math.max(8000, toast.textContent.length * 90)); };
    const wait = () => clearTimeout(timer);
    ["pointerenter", "focusin"].forEach((type) => on(type, wait, toast));
    ["pointerleave", "focusout"].forEach((type) => on(type, () => { wait(); start(); }, toast));
    start();
  };
  if (toasts) {
    toasts.querySelectorAll(".toast").forEach(time);
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
      if (node.matches?.(".toast")) time(node);
    }))).observe(toasts, { childList: true });
  }

  /* ---- theme: at once here, kept by the server ---- */
  on("click", (e) => {
    const button = e.target.closest?.("[data-themes] button");
    if (!button) return;
    if (button.value) root.dataset.theme = button.value; else delete root.dataset.theme;
    button.form.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
  });

  /* ---- the bell: told by the stream where there is one, asked for each minute where there is none ---- */
  const { stream, inboxUrl } = body.dataset;
  const ask = () => {
    if (document.hidden || !navigator.onLine) return;
    fetch(inboxUrl, { headers: { "HX-Request": "true" } }).then((r) => (r.ok && !r.redirected ? r.text() : "")).then((html) => {
      const bell = document.getElementById("bell");
      if (!bell || !html.includes('id="bell"')) return; // signed out meanwhile: leave what is there
      const had = bell === document.activeElement;
      bell.outerHTML = html;
      if (had) document.getElementById("bell").focus();
    }).catch(() => {});
  };
  let asking;
  const poll = () => { asking ??= setInterval(ask, 60000); };
  if (stream && inboxUrl) {
    const source = new EventSource(stream, { withCredentials: true });
    source.addEventListener("inbox", (e) => { if (e.data !== document.getElementById("bell")?.dataset.unread) ask(); });
    source.onopen = () => { clearInterval(asking); asking = undefined; };
    source.onerror = poll; // the browser tries again by itself; until then we ask
  } else if (inboxUrl) poll();
})();
