/** Files that are dropped on the page, folders among them. */

/** All files of what was dropped, folders walked through; each keeps its way there as `path`. */
async function filesOf(transfer) {
  const entries = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  const walk = async (entry, path) => {
    if (entry instanceof File) return void found.push(entry);
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      file.path = path + entry.name;
      return void found.push(file);
    }
    const reader = entry.createReader();
    const read = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    // A folder comes in parts of a hundred; an empty part is its end.
    for (let part; (part = await read()).length;) for (const inner of part) await walk(inner, `${path}${entry.name}/`);
  };
  for (const entry of entries) if (entry) await walk(entry, "");
  return found;
}

/**
 * Be given what is dropped anywhere on the page.
 * @param {(files: File[]) => void} take
 * @param {AbortSignal} signal when the view is left
 */
export function onDrop(take, signal) {
  const listeners = {
    dragover(event) {
      event.preventDefault();
      document.body.classList.add("dragging");
    },
    dragleave(event) {
      if (event.relatedTarget === null) document.body.classList.remove("dragging");
    },
    async drop(event) {
      event.preventDefault();
      document.body.classList.remove("dragging");
      take(await filesOf(event.dataTransfer));
    },
  };
  for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener, { signal });
}
