export { deriveReconcileKey, reconcileNonceBytes } from "./key.js"
export { type ReconcileOptions, type ReconcileStep, Reconciliation } from "./reconciliation.js"
export { ReconcileIndex, type ReconcileItem } from "./reconcile-index.js"
