import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import type { Browser, BrowserContext, Locator, Page } from "playwright"
import { writeFilm } from "./fixture/camera-film.ts"
import { type Look, openPane } from "./fixture/pane-page.ts"

/** A browser of its own, at the mail of a home. What it complains of is added to `complaints`. */
export async function openMail(
  browser: Browser,
  url: string,
  look: Look,
  complaints: string[],
): Promise<Page> {
  const asked = { permissions: [], prepare: withFolder }
  const page = await openPane(browser, url, { pane: "Mail", look, complaints, ...asked })
  await page.getByRole("heading", { name: "Letters to you" }).waitFor()
  return page
}

/** The dialogue of the browser can not be operated by a test; the folder is a real one all the same. */
async function withFolder(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    if (!("showDirectoryPicker" in globalThis)) return
    const pick = async () => {
      const root = await navigator.storage.getDirectory()
      return root.getDirectoryHandle("stick", { create: true })
    }
    Object.assign(globalThis, { showDirectoryPicker: pick })
  })
}

/** Opens a view of the mail. */
export async function turnTo(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Mail" }).getByRole("link", { name }).click()
}

/** A letter in the list that is open, by a part of its text. */
export function row(page: Page, text: string): Locator {
  return page.locator("li a").filter({ hasText: text })
}

/** Makes an invitation. @returns its address */
export async function invite(page: Page): Promise<string> {
  await turnTo(page, "People")
  await page.getByRole("button", { name: "Make an invitation" }).click()
  const shown = page.getByText(/^stringphone:mail\//)
  return (await shown.textContent()) ?? ""
}

/** Takes all that the page carries, as one file. @returns where it was saved */
export async function downloadStick(page: Page, folder: string, name: string): Promise<string> {
  await turnTo(page, "Carry")
  const download = page.waitForEvent("download")
  await page.getByRole("button", { name: "Download as one file" }).click()
  const path = join(folder, name)
  await (await download).saveAs(path)
  return path
}

/** The files of the folder that the page has written to, copied to a real disk. */
export async function unloadStick(page: Page, folder: string): Promise<void> {
  const files = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const stick = await root.getDirectoryHandle("stick")
    const found: { name: string; bytes: number[] }[] = []
    for await (const handle of stick.values()) {
      if (!(handle instanceof FileSystemFileHandle)) continue
      const file = await handle.getFile()
      const bytes = [...new Uint8Array(await file.arrayBuffer())]
      found.push({ name: handle.name, bytes })
    }
    return found
  })
  mkdirSync(folder, { recursive: true })
  for (const { bytes, name } of files) writeFileSync(join(folder, name), Uint8Array.from(bytes))
  if (readdirSync(folder).length === 0) throw new Error("The page has written nothing.")
}

/** A film of one code after the other, each for half a second. */
export function writeFilms(path: string, codes: readonly string[]): void {
  const films = codes.map((code) => {
    writeFilm(path, code)
    return readFileSync(path)
  })
  const end = (films[0]?.indexOf("\n") ?? 0) + 1
  const frames = films.flatMap((film) => Array.from({ length: 3 }, () => film.subarray(end)))
  writeFileSync(path, Buffer.concat([films[0]?.subarray(0, end) ?? Buffer.of(), ...frames]))
}

/** Drags a file onto a part of the page. */
export async function dropFile(target: Locator, path: string): Promise<void> {
  const file = { name: basename(path), bytes: [...readFileSync(path)] }
  await target.evaluate((element, { bytes, name }) => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([Uint8Array.from(bytes)], name))
    element.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }))
  }, file)
}
