/**
 * Whom a limit counts by: an IPv4 address, or the /64 of an IPv6 address, which one household has. [LOGIN-9-2]
 * What is neither is taken as it is.
 */
export function addressGroup(address: string): string {
  const text = address
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
  if (!text.includes(":")) return text
  const mapped = /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (mapped) return mapped[1] as string
  const [before = "", after] = text.split("::")
  const head = groupsOf(before)
  const tail = after === undefined ? [] : groupsOf(after)
  const gap = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)
  const all = [...head, ...Array.from({ length: gap }, () => "0"), ...tail]
  return `${all.slice(0, 4).join(":")}::/64`
}

function groupsOf(text: string): readonly string[] {
  if (text === "") return []
  return text.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [trimmed(group)]))
}

function trimmed(group: string): string {
  return group.replace(/^0+(?=.)/, "")
}
