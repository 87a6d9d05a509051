/** Of a request or an answer. [LOGIN-8-1] */
export const mostContentBytes: number = 16 * 2 ** 20
export const mostFields = 128
export const mostSectionBytes = 65_536
export const mostNameBytes = 256
export const mostValueBytes = 16_384
export const mostMethodBytes = 32
export const mostAuthorityBytes = 300
export const mostPathBytes = 16_384
/** Before the answer proper. */
export const mostInterimResponses = 8
