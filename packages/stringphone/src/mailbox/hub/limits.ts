import type { AdmissionLimits } from "./admission.js"
import type { QuotaLimits } from "./shelf.js"

export interface HubLimits extends AdmissionLimits, QuotaLimits {}

export const defaultHubLimits: HubLimits = {
  maxEnvelopeBytes: 1024 * 1024,
  minStampBits: 0,
  maxBytes: 1024 * 1024 * 1024,
  linkMaxBytes: Infinity,
  linkShare: 0.5,
}
