// The form works without this. It spaces the number, names the brand, points at mistakes at once, and saves without
// leaving the page. Nothing typed is kept, logged or told to the page around.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const on = (target, event, act) => target.addEventListener(event, act);
  const form = by("card"), save = by("save"), summary = by("summary");
  if (!form || !window.AbortSignal || !AbortSignal.timeout) return;
  const TIMEOUT_MS = 15000;
  // Name, first digits, lengths, whether Luhn may fail. As in the vault, which decides.
  const LONG = [16, 17, 18, 19];
  const BRANDS = [
    ["Visa", /^4/, [13, 16, 18, 19]],
    ["Mastercard", /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
    ["American Express", /^3[47]/, [15]],
    ["JCB", /^(35(2[89]|[3-8])|30(8[89]|9[0-46-9])|310[0-2]|311[2-9]|3120|315[89]|333[7-9]|334)/, LONG],
    ["Diners Club", /^(30[0-5]|3095|36|38|39)/, [14, 15, 16, 17, 18, 19]],
    ["Discover", /^(6011|64[4-9]|65)/, LONG],
    ["UnionPay", /^(62|81[0-7])/, LONG, true],
    ["Maestro", /^(5018|5020|5038|5893|6304|6390|67|5612|5817|58180[01]|58930|58939)/, [12, 13, 14, 15, 16, 17, 18, 19], true],
    ["Mir", /^220[0-4]/, LONG],
  ];
  const digits = (text) => text.replace(/\D/g, "");
  const brandOf = (number) => BRANDS.find((brand) => brand[1].test(number));
  const isAmex = () => /^3[47]/.test(digits(by("number").value));
  const luhn = (number) => {
    let sum = 0;
    [...number].reverse().forEach((c, i) => {
      const d = Number(c) * (i % 2 ? 2 : 1);
      sum += d > 9 ? d - 9 : d;
    });
    return sum % 10 === 0;
  };

  // Which of a field's texts applies; nothing when it is right.
  const mistakes = {
    number(text) {
      const number = digits(text), brand = brandOf(number);
      if (!number) return "empty";
      if (!brand) return number.length < 12 ? "short" : "other";
      if (number.length < brand[2][0]) return "short";
      return brand[2].includes(number.length) && (brand[3] || luhn(number)) ? "" : "bad";
    },
    expiry(text) {
      if (!text) return "empty";
      const [, month, year] = /^(\d{1,2})\s*[/.\- ]?\s*(\d{4}|\d{2})$/.exec(text) || [];
      if (!year || month < 1 || month > 12) return "bad";
      const now = new Date(), full = Number(year) + (year.length < 3 ? 2000 : 0);
      // A day of grace: the month ends last in UTC−12.
      const end = Date.UTC(full, month, 1, 12);
      if (end <= now.getTime()) return "past";
      return full > now.getFullYear() + 20 ? "bad" : "";
    },
    cvc(text) {
      const brand = brandOf(digits(by("number").value));
      if (!text) return brand && brand[0] === "Maestro" ? "" : "empty";
      if (isAmex()) return /^\d{4}$/.test(text) ? "" : "front";
      return (brand ? /^\d{3}$/ : /^\d{3,4}$/).test(text) ? "" : "bad";
    },
    name(text) {
      return !text ? "empty" : digits(text).length > 2 ? "bad" : "";
    },
  };
  const fields = Object.keys(mistakes);

  const tell = (id, text) => {
    by(id + "-error").textContent = text;
    by(id).ariaInvalid = text ? "true" : null;
  };
  const check = (id) => {
    const field = by(id), mistake = mistakes[id](field.value.trim());
    return mistake && field.dataset[mistake];
  };
  const summarise = (title, items) => {
    const make = (tag, content) => {
      const element = document.createElement(tag);
      element.append(content);
      return element;
    };
    summary.replaceChildren();
    if (title) summary.append(make("h2", title));
    for (const [id, text] of items) {
      const link = make("a", text);
      link.href = "#" + id;
      summary.append(make("p", link));
    }
  };
  const show = (errors) => {
    const wrong = fields.filter((id) => errors[id]);
    fields.forEach((id) => tell(id, errors[id] || ""));
    summarise(wrong.length ? "Please check" : "", wrong.map((id) => [id, errors[id]]));
    if (wrong.length) by(wrong[0]).focus();
    return !wrong.length;
  };
  const busy = (yes) => {
    save.disabled = yes;
    save.dataset.idle = save.dataset.idle || save.textContent;
    save.textContent = yes ? save.dataset.busy : save.dataset.idle;
  };

  const space = () => {
    const field = by("number"), number = digits(field.value).slice(0, 19);
    const before = digits(field.value.slice(0, field.selectionStart)).length;
    const groups = isAmex() ? /^(\d{1,4})(\d{1,6})?(\d{1,9})?$/.exec(number).slice(1) : number.match(/\d{1,4}/g) || [];
    const spaced = groups.filter(Boolean).join(" ");
    if (spaced !== field.value) {
      field.value = spaced;
      let at = 0;
      for (let seen = 0; seen < before; at++) if (/\d/.test(spaced[at])) seen++;
      if (document.activeElement === field) field.setSelectionRange(at, at);
    }
    const brand = brandOf(number), hint = by("cvc-hint");
    by("brand").textContent = brand ? brand[0] : "";
    hint.dataset.back = hint.dataset.back || hint.textContent;
    hint.textContent = isAmex() ? hint.dataset.front : hint.dataset.back;
  };
  on(by("number"), "input", space);
  on(by("expiry"), "input", (event) => {
    const field = event.target, typed = digits(field.value);
    if ((event.inputType || "").startsWith("delete") || field.value.includes("/")) return;
    if (/^[2-9]$/.test(typed)) field.value = "0" + typed + "/";
    else if (typed.length > 1 && typed.length < 7) field.value = typed.slice(0, 2) + "/" + typed.slice(2);
  });
  for (const id of fields) {
    on(by(id), "blur", () => { if (by(id).value.trim()) tell(id, check(id)); });
    on(by(id), "input", () => { if (by(id).ariaInvalid && !check(id)) tell(id, ""); });
  }
  for (const button of document.querySelectorAll("[data-number]")) {
    on(button, "click", (event) => {
      event.preventDefault();
      by("number").value = button.dataset.number;
      for (const [id, value] of Object.entries(button.parentElement.dataset)) by(id).value = value;
      space();
      show({});
    });
  }

  on(form, "submit", async (event) => {
    event.preventDefault();
    if (save.disabled || !show(Object.fromEntries(fields.map((id) => [id, check(id)])))) return;
    const body = new URLSearchParams(new FormData(form));
    busy(true);
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, headers: { Accept: "application/json" }, credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const said = await answer.json();
      if (said.redirect) { window.top.location.href = said.redirect; return; }
      if (said.errors) show(said.errors);
      else summarise(said.message || "The card was not saved. Please try again.", []);
    } catch (error) {
      summarise(error.name === "TimeoutError"
        ? "This takes too long. Nothing was charged; please try again."
        : "We could not reach the card vault. Nothing was saved; please check your connection and try again.", []);
    }
    busy(false);
    if (!document.activeElement || document.activeElement === document.body) summary.focus();
  });
  // Back from the shop: the page may have been kept as it was left.
  on(window, "pageshow", () => { busy(false); space(); });
  space();
})();
