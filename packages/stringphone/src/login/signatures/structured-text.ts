import { base64 } from "./base64.js"
import type { BareItem, FieldParameters, InnerList, Item } from "./structured-fields.js"

/** The one way to write it. RFC 9651 §4.1.1.1 */
export function innerListText({ items, parameters }: InnerList): string {
  return `(${items.map(itemText).join(" ")})${parametersText(parameters)}`
}

export function itemText({ value, parameters }: Item): string {
  return bareItemText(value) + parametersText(parameters)
}

export function memberText(member: Item | InnerList): string {
  return "items" in member ? innerListText(member) : itemText(member)
}

function parametersText(parameters: FieldParameters): string {
  let text = ""
  for (const [name, value] of parameters) {
    const isTrue = value.type === "boolean" && value.value
    text += isTrue ? `;${name}` : `;${name}=${bareItemText(value)}`
  }
  return text
}

/** Of values that a field can hold: what was parsed, or is known to be short and ASCII. */
function bareItemText(item: BareItem): string {
  switch (item.type) {
    case "string":
      return `"${item.value.replace(/["\\]/g, "\\$&")}"`
    case "bytes":
      return `:${base64(item.value)}:`
    case "boolean":
      return item.value ? "?1" : "?0"
    case "decimal":
      return Number.isInteger(item.value) ? item.value.toFixed(1) : String(item.value)
    case "integer":
      return String(item.value)
    case "token":
      return item.value
  }
}
