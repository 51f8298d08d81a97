"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const root = document.documentElement;

  const theme = at("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  theme.hidden = false;
  name();

  // Summary: sign, state, name, subject, end, time left.
  const declared = [...at("rows").children].map((element) => {
    const [, state, id, , end] = element.firstElementChild.children;
    const parts = id.textContent.split("/");
    return {
      element,
      state: state.textContent,
      end: end.textContent,
      authority: parts.length === 3 ? parts[1] : parts[0] === "ca" ? parts[1] : "",
      host: parts.length === 3 ? parts[0] : "",
      text: null,
    };
  });
  const number = new Intl.Collator("en", { numeric: true });
  for (const key of ["state", "authority", "host"]) {
    const values = [...new Set(declared.map((row) => row[key]))].filter(Boolean).sort(number.compare);
    for (const value of values) at(key).add(new Option(value, value));
  }

  const worst = ["refused", "revoked", "damaged", "missing", "expired", "not-yet-valid", "differs", "due", "key-missing", "key-offline", "good"];
  const orders = {
    end: (a, b) => (a.end || "9").localeCompare(b.end || "9"),
    state: (a, b) => worst.indexOf(a.state) - worst.indexOf(b.state),
  };

  const show = () => {
    const words = at("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of declared) {
      const isChosen = ["state", "authority", "host"].every((key) => !at(key).value || row[key] === at(key).value);
      if (words.length && row.text === null) row.text = row.element.textContent.toLowerCase();
      const isMeant = isChosen && words.every((word) => row.text.includes(word));
      if (row.element.hidden === isMeant) row.element.hidden = !isMeant;
      if (isMeant) shown += 1;
    }
    at("shown").textContent = `${shown} of ${declared.length}`;
  };
  const sort = () => {
    const rows = [...declared];
    if (orders[at("order").value]) rows.sort(orders[at("order").value]);
    at("rows").append(...rows.map((row) => row.element));
  };
  const keys = ["q", "state", "authority", "host"];
  for (const key of keys) at(key).addEventListener("input", show);
  at("order").addEventListener("input", sort);
  at("filter").addEventListener("submit", (event) => event.preventDefault());
  at("filter").hidden = false;

  for (const link of document.querySelectorAll("a[data-state]")) {
    link.addEventListener("click", () => { for (const key of keys) at(key).value = ""; at("state").value = link.dataset.state; show(); });
  }
  // What is looked for can be part of a link: report.html#q=kubelet&state=due.
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const key of keys) if (wanted.has(key)) at(key).value = wanted.get(key);
  show();
  if (keys.some((key) => wanted.has(key))) at("certificates").scrollIntoView({ behavior: "instant" });
})();
