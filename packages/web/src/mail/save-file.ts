/** Hands a file to the browser's downloads. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then; before that, some lose it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
