// Sorts and filters the table of all accounts; without it, the table is whole and in order.
const table = document.querySelector("#all");
if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, at) => {
    const text = row.cells[at].textContent;
    const number = Number(text.replaceAll(",", ""));
    return text === "" || Number.isNaN(number) ? text : number;
  };
  // Numbers before words, words before nothing, whichever way: a column of amounts is not led by "no bill".
  const kind = (one) => (typeof one === "number" ? 0 : one === "" ? 2 : 1);
  const order = new Intl.Collator().compare;
  const sorted = (at, way) => rows
    .map((row) => [value(row, at), row])
    .sort(([one], [other]) => kind(one) - kind(other)
      || way * (typeof one === "number" ? one - other : order(one, other)))
    .map(([, row]) => row);

  headings.forEach((heading, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      const isText = at === 0 || heading.classList.contains("t");
      const descending = before ? before === "ascending" : !isText;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...sorted(at, descending ? -1 : 1));
    });
  });

  const filter = document.querySelector("#filter");
  const texts = rows.map((row) => row.textContent.toLowerCase());
  document.querySelector("#tools").hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    rows.forEach((row, at) => { row.hidden = !texts[at].includes(wanted); });
  });
}
