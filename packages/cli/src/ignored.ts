/** What was refused, in words: `3 messages of strangers ignored`. */
export function ignoredText(code: string, count: number): string {
  const messages = count === 1 ? "1 message" : `${count} messages`
  switch (code) {
    case "untrusted-key":
      return `${messages} of strangers ignored`
    case "bad-signature":
      return `${messages} ignored: altered or forged, in the name of somebody you trust`
    case "decryption-failed":
      return `${messages} ignored: encrypted with another key than this topic's`
    case "malformed-message":
      return `${messages} ignored: not of String phone`
    case "revoked":
      return `${messages} ignored: a key that you revoked asks to be trusted`
    case "dropped":
      return `${messages} not read: too many came at once`
    default:
      return `${messages} ignored (${code})`
  }
}
