import type { ContactBook } from "../../identity/index.js"
import type { Contacts } from "../topic-events.js"

/** A contact book that ends with the program. */
export function memoryContacts(): Contacts {
  let book: ContactBook = []
  return {
    contacts: async () => book,
    updateContacts: async (change) => (book = change(book)),
  }
}
