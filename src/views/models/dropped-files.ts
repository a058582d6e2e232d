/** The files of a folder that was chosen or dropped, by their path inside it. */

export interface DroppedFolder {
  readonly name: string;
  readonly files: Map<string, File>;
}

/** From `<input type="file" webkitdirectory>`: paths are `folder/…`. */
export function filesFromInput(list: Iterable<File>): DroppedFolder {
  const files = new Map<string, File>();
  let name = "folder";
  for (const file of list) {
    const parts = file.webkitRelativePath.split("/");
    if (parts.length > 1) name = parts[0]!;
    files.set(parts.slice(1).join("/") || file.name, file);
  }
  return { name, files };
}

/** From a drop: a folder, or loose files. */
export async function filesFromDrop(transfer: DataTransfer): Promise<DroppedFolder> {
  // The entries must be taken before the first await: the list is emptied after the event.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = new Map<string, File>();
  const only = entries.length === 1 && entries[0]!.isDirectory ? entries[0]! : null;
  for (const entry of entries) await collect(entry, only ? "" : entry.name, files);
  return { name: only?.name ?? "dropped files", files };
}

async function collect(entry: FileSystemEntry, path: string, files: Map<string, File>): Promise<void> {
  if (entry.isFile) {
    files.set(path, await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // readEntries hands out at most a hundred at a time; an empty batch is the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const child of batch) await collect(child, path === "" ? child.name : `${path}/${child.name}`, files);
  }
}
