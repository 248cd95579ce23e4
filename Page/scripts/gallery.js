// All pictures that were made: found again, marked, looked at, deleted.
import { $, h, segments, settled } from "./dom.js";
import { call, show } from "./api.js";
import { onJob } from "./jobs.js";
import { look } from "./detail.js";

const pageSize = 60;
let pictures = [];
let isWhole = false;
let isLoading = false;
let question = 0;
let favourite = "all";

const search = h("input", {
  type: "search",
  id: "gallery-search",
  placeholder: "Words of the prompt, model or seed",
  "aria-label": "Search",
  oninput: settled(200, () => reload()),
});
const filter = segments("Which", [["all", "All"], ["favourites", "Favourites"]], "all", (value) => {
  favourite = value;
  reload();
});
const tiles = h("ul", { class: "tiles", id: "tiles" });
const end = h("div", { class: "tiles-end" });

function tile(picture) {
  const image = show(
    h("img", { alt: picture.prompt || "No prompt", loading: "lazy", width: picture.width, height: picture.height }),
    `/api/gallery/${picture.id}/thumbnail`,
  );
  const button = h("button", {
    type: "button",
    class: "tile",
    data: { id: picture.id },
    onclick: () => open(picture.id),
  }, image);
  if (picture.favourite) button.append(h("span", { class: "tile-mark", "aria-label": "Favourite" }, "♥"));
  return h("li", {}, button);
}

function open(id) {
  look({
    id,
    list: () => pictures,
    onDelete: (gone) => {
      pictures = pictures.filter((picture) => picture.id !== gone);
      draw();
    },
    onRestore: () => reload(),
    onChange: () => draw(),
    more: () => load(),
  });
}

function draw() {
  tiles.replaceChildren(...pictures.map(tile));
  const isSearch = search.value.trim() || favourite === "favourites";
  end.replaceChildren();
  if (!pictures.length && isWhole) {
    end.append(
      isSearch
        ? h(
          "div",
          { class: "empty" },
          h("h2", {}, favourite === "favourites" && !search.value.trim() ? "No favourites yet" : "Nothing found"),
          h(
            "p",
            { class: "quiet" },
            favourite === "favourites"
              ? "The heart beside a picture keeps it here."
              : "No picture has all of these words.",
          ),
        )
        : h(
          "div",
          { class: "empty" },
          h("h2", {}, "No pictures yet"),
          h("p", { class: "quiet" }, "Everything you make is kept here."),
          h("a", { class: "primary", href: "#create" }, "Make the first one"),
        ),
    );
  } else if (!isWhole) end.append(h("p", { class: "quiet" }, "Loading"));
}

async function load() {
  if (isWhole || isLoading) return;
  isLoading = true;
  const number = question;
  const query = new URLSearchParams({ limit: pageSize });
  if (search.value.trim()) query.set("query", search.value.trim());
  if (favourite === "favourites") query.set("favourite", "true");
  if (pictures.length) query.set("before", pictures.at(-1).id);
  try {
    const answer = await call("GET", `/api/gallery?${query}`);
    if (number !== question) return;
    pictures.push(...answer.pictures);
    isWhole = answer.pictures.length < pageSize;
    draw();
  } catch (error) {
    if (number === question) {
      end.replaceChildren(
        h(
          "div",
          { class: "empty" },
          h("h2", {}, "The gallery did not open"),
          h("p", { class: "quiet" }, error.message),
          h("button", { type: "button", class: "plain", onclick: () => reload() }, "Try again"),
        ),
      );
    }
  } finally {
    if (number === question) isLoading = false;
  }
}

async function reload() {
  question += 1;
  (pictures = []), (isWhole = false), (isLoading = false);
  await load();
}

/** Builds the view; returns what is called when it is shown. */
export function buildGallery() {
  $("view-gallery").append(h("div", { class: "view-head" }, h("h2", {}, "Gallery"), filter, search), tiles, end);
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) load();
  }, { rootMargin: "600px" }).observe(end);
  let isStale = true;
  onJob((job) => {
    if (job.pictures.length) isStale = true;
  });
  // Arrows move between tiles.
  tiles.addEventListener("keydown", (event) => {
    const all = [...tiles.querySelectorAll(".tile")];
    const at = all.indexOf(document.activeElement);
    const across = all.findIndex((one) => one.offsetTop > all[0].offsetTop);
    const step = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -(across > 0 ? across : all.length),
      ArrowDown: across > 0 ? across : all.length,
    }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    all[at + step]?.focus();
  });
  return () => {
    if (isStale) {
      isStale = false;
      reload();
    }
  };
}
