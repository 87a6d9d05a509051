export { openMailbox } from "./mailbox.js"
export type {
  Authorship,
  Correspondent,
  FileOfLetter,
  Invitation,
  Letter,
  LetterToWrite,
  MailboxEvent,
  MailboxSession,
  MailboxStatus,
  OpenMailboxOptions,
  PairFacts,
  Receiver,
} from "./mailbox-types.js"
