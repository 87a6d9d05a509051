/**
 * Copies what an element shows. Over plain HTTP browsers have no clipboard for pages; the selection
 * is copied then, and stays selected for the person's own Ctrl+C when even that fails.
 */
export async function copyText(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent)
    return true
  } catch {
    getSelection()?.selectAllChildren(element)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else works there
    return document.execCommand("copy")
  }
}
