"use strict";
(function () {
  var root = document.documentElement, form = document.getElementById("filter"), list = document.getElementById("servers");
  root.classList.add("js");
  var servers = Array.prototype.map.call(list.children, function (element) {
    var rows = Array.prototype.map.call(element.querySelectorAll("tr[data-state]"), function (row) {
      return { element: row, state: row.dataset.state, severity: row.dataset.severity, subject: row.dataset.subject, text: null };
    });
    var data = element.dataset;
    return { element: element, rows: rows, name: data.server.toLowerCase(), line: null,
      weight: Number(data.weight), count: Number(data.count), fresh: Number(data.fresh) };
  });
  var lines = document.querySelectorAll(".matrix tr[data-server]");
  servers.forEach(function (one, number) { one.line = lines[number]; });
  var told = document.getElementById("told");
  function text(row) {
    if (row.text === null) { row.text = row.element.textContent.toLowerCase(); }
    return row.text;
  }
  function filter() {
    var state = form.elements.state.value, severity = form.elements.severity.value, subject = form.elements.subject.value;
    var server = form.elements.server.value.trim().toLowerCase(), words = form.elements.text.value.trim().toLowerCase();
    var narrow = state || severity || subject || words, rows = 0, shown = 0;
    servers.forEach(function (one) {
      var hit = 0, named = !server || one.name.indexOf(server) >= 0;
      if (named) {
        one.rows.forEach(function (row) {
          var fits = (!state || row.state === state) && (!severity || row.severity === severity) &&
            (!subject || row.subject === subject) && (!words || text(row).indexOf(words) >= 0);
          if (row.element.hidden === fits) { row.element.hidden = !fits; }
          if (fits) { hit += 1; }
        });
      }
      var visible = named && (hit > 0 || !narrow || (words && one.name.indexOf(words) >= 0));
      if (one.element.hidden === Boolean(visible)) { one.element.hidden = one.line.hidden = !visible; }
      rows += hit;
      if (visible) { shown += 1; }
    });
    told.textContent = shown + " servers, " + rows + " findings shown";
  }
  function sort() {
    var by = form.elements.sort.value, elements = servers.slice();
    elements.sort(function (a, b) {
      if (by !== "server" && a[by] !== b[by]) { return b[by] - a[by]; }
      return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
    });
    var fragment = document.createDocumentFragment();
    elements.forEach(function (one) { fragment.appendChild(one.element); });
    list.appendChild(fragment);
  }
  function breakable(cell) {
    Array.prototype.slice.call(cell.childNodes).forEach(function (node) {
      if (node.nodeType !== Node.TEXT_NODE || node.data.indexOf("\\") < 0) { return; }
      node.data.split(/(?<=\\)/).forEach(function (part, number) {
        if (number) { cell.insertBefore(document.createElement("wbr"), node); }
        cell.insertBefore(document.createTextNode(part), node);
      });
      cell.removeChild(node);
    });
  }
  function explain(event) {
    if (!event.target.open || event.target.dataset.explained) { return; }
    event.target.dataset.explained = "yes";
    Array.prototype.forEach.call(event.target.querySelectorAll("td"), breakable);
    Array.prototype.forEach.call(event.target.querySelectorAll("tr[data-rule]"), function (row) {
      var rule = document.getElementById("rule-" + row.dataset.rule), cell = row.querySelector(".more");
      if (!rule || !cell) { return; }
      ["why", "remedy"].forEach(function (name) {
        var from = rule.querySelector("." + name);
        if (from) {
          var line = document.createElement("div");
          line.className = "quiet";
          line.textContent = (name === "why" ? "Why: " : "Remedy: ") + from.textContent;
          cell.appendChild(line);
        }
      });
    });
  }
  list.addEventListener("toggle", explain, true);
  form.addEventListener("input", function (event) { if (event.target.name === "sort") { sort(); } else { filter(); } });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { window.setTimeout(function () { sort(); filter(); }, 0); });
  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  window.addEventListener("beforeprint", function () {
    servers.forEach(function (one) { if (!one.element.hidden && one.rows.length) { one.element.open = true; } });
  });
  function open() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; target.hidden = false; }
  }
  window.addEventListener("hashchange", open);
  open();
  filter();
}());
